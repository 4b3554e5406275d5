// Computes a sum on the daemon at $DISTARRAY_ADDRESS. With an address as its argument, where nobody listens, it shows
// that it is linked, by the error.
#include <distarray/distarray.h>

#include <cstdint>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  distarray::ContextOptions options;
  options.connect_timeout = absl::Seconds(argc > 1 ? 1 : 10);
  const auto context = distarray::Context::Connect(argc > 1 ? argv[1] : "", options);
  if (!context.ok()) {
    std::printf("no daemon: %s\n", std::string(context.status().message()).c_str());
    return argc > 1 && absl::IsUnavailable(context.status()) ? 0 : 1;
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
