// Connects to $DISTARRAY_ADDRESS and computes a sum; without an address shows that it is linked, by the error.
#include <distarray/distarray.h>

#include <cstdint>
#include <cstdio>
#include <string>

int main() {
  const absl::StatusOr<distarray::Context> context = distarray::Context::Connect("");
  if (!context.ok()) {
    std::printf("no daemon: %s\n", std::string(context.status().message()).c_str());
    return distarray::ReasonOf(context.status()) == distarray::Reason::kInvalidValue ? 0 : 1;
  }
  const distarray::Array x = context->Arange(1000);
  const absl::StatusOr<std::int64_t> sum = Sum(x * x).Item<std::int64_t>();
  if (!sum.ok()) {
    std::printf("%s\n", std::string(sum.status().message()).c_str());
    return 1;
  }
  std::printf("%lld\n", static_cast<long long>(*sum));
  return *sum == 332833500 ? 0 : 1;
}
