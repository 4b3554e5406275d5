// What travels of computations and views, and what is waited for, against a server without engines.
#include <algorithm>
#include <string>

#include "distarray/distarray.h"
#include "tests/client_cpp/fake_daemon.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

Context Connect(const FakeDaemon& daemon) {
  auto context = Context::Connect(daemon.address());
  REQUIRE(context.ok());
  return *std::move(context);
}

TEST_CASE("where shape and dtype are known nothing is waited for") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  daemon.SetAnswer([](const v1::Request&, v1::Reply&) { return false; });
  const Array x = context.Zeros({4, 3}, DType::kInt32);
  const Array line = Reshape(x, {12});
  const Array order = Argsort(line, 0, true);
  const Array taken = Take(line, order, 0);
  const Array sums = CumulativeSum(taken, 0, {.include_initial = true});
  const Array both = Concat({sums, line});
  const Array turned = Transpose(x);
  const Array wide = BroadcastTo(line, {2, 12});
  CHECK(PutAt(line, {order}, 5).ok());
  CHECK(taken.shape() == Shape{12});
  CHECK(order.dtype() == DType::kInt64);
  CHECK(sums.shape() == Shape{13});
  CHECK(sums.dtype() == DType::kInt64);
  CHECK(both.shape() == Shape{25});
  REQUIRE(daemon.WaitForRequests(12));  // opened and made, one each, two assignments to the new array of Concat
  const auto requests = daemon.Requests();
  CHECK(std::none_of(requests.begin() + 1, requests.end(), [](const auto& request) { return request.awaited(); }));

  const v1::ComputeRequest& reshape = requests[2].compute();
  CHECK(reshape.name() == "reshape");
  CHECK(reshape.operands(0).key() == x.key());
  CHECK(reshape.results_size() == 1);
  CHECK(reshape.results(0) == line.key());
  CHECK(reshape.shape_size() == 1);
  CHECK(reshape.shape(0) == 12);
  const v1::ComputeRequest& argsort = requests[3].compute();
  CHECK(argsort.name() == "argsort");
  CHECK(argsort.parameters().at("axis").integer() == 0);
  CHECK(argsort.parameters().at("descending").boolean());
  const v1::ComputeRequest& scan = requests[5].compute();
  CHECK(scan.parameters().at("initial").boolean());
  CHECK(scan.parameters().at("dtype").integer() == v1::DTYPE_INT64);
  const v1::CreateRequest& create = requests[6].create();
  CHECK(create.distribution().like_size() == 2);
  CHECK(create.distribution().like(1) == line.key());
  CHECK(requests[7].assign().array() == sums.key());
  CHECK(requests[9].slice().axes(0) == 1);
  CHECK(requests[9].slice().result() == turned.key());
  CHECK(requests[10].slice().broadcast_shape(1) == 12);
  CHECK(requests[10].slice().result() == wide.key());
  const v1::ComputeRequest& put = requests[11].compute();
  CHECK(put.name() == "put");
  CHECK(put.in_place() == line.key());
  CHECK(put.results_size() == 0);
  CHECK(put.operands(0).scalar().integer() == 5);
  CHECK(put.operands(1).key() == order.key());
}

TEST_CASE("what depends on data has its shape from the answer") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({4, 3});
  daemon.SetAnswer([](const v1::Request& request, v1::Reply& reply) {
    for (const std::int64_t key : request.compute().results()) {
      v1::ArrayInfo& info = *reply.mutable_compute()->add_arrays();
      info.set_key(key);
      info.add_shape(7);
      info.set_dtype(v1::DTYPE_INT64);
    }
    return true;
  });
  const auto coordinates = Nonzero(x);
  REQUIRE(coordinates.ok());
  REQUIRE(coordinates->size() == 2);
  CHECK(coordinates->at(1).shape() == Shape{7});
  CHECK(coordinates->at(1).dtype() == DType::kInt64);
  CHECK(daemon.Requests().back().awaited());
  daemon.SetAnswer([](const v1::Request&, v1::Reply& reply) {
    reply.mutable_compute()->add_arrays()->set_dtype(v1::DTYPE_INT64);
    return true;
  });
  CHECK(ReasonOf(Nonzero(x).status()) == Reason::kInternal);  // one array for two results
  daemon.SetAnswer([](const v1::Request&, v1::Reply& reply) {
    reply.mutable_error()->set_reason(v1::ERROR_REASON_MEMORY_LIMIT);
    reply.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
    return true;
  });
  CHECK(ReasonOf(Argwhere(x).status()) == Reason::kMemoryLimit);
}

TEST_CASE("arrays of two contexts do not meet") {
  FakeDaemon daemon;
  const Context one = Connect(daemon);
  const Context other = Connect(daemon);
  const Array x = one.Zeros({4}, DType::kInt64);
  const Array y = other.Zeros({4}, DType::kInt64);
  CHECK(ReasonOf(Concat({x, y}).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(Take(x, y, 0).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(SearchSorted(x, y).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(Matmul(x, y).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(PutAt(x, {x}, y)) == Reason::kInvalidValue);
  CHECK(ReasonOf(ArrayEqual(x, y).status()) == Reason::kInvalidValue);
}

}  // namespace
}  // namespace distarray::inline client
