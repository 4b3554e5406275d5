// What the planner makes of recorded work: which passes run, what they read and store, and when.
#include "tests/server/front/front_harness.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using H = FrontHarness;

/// Arrays 1 to 4, stored, 1000 float64 each.
PeerId WithFourArrays(H& harness) {
  const PeerId client = harness.Connect();
  for (std::int64_t key = 1; key <= 4; ++key) {
    harness.Send(client, H::Zeros(key, {1000}));
  }
  harness.Send(client, H::Wait(), true);
  harness.Run();
  harness.commands.clear();
  return client;
}

TEST_CASE("an expression with a sum is one pass that reads four arrays and stores nothing") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  harness.Send(client, H::Ufunc(5, "multiply", {1, 2}));
  harness.Send(client, H::Ufunc(6, "sin", {4}));
  harness.Send(client, H::Ufunc(7, "multiply", {3, 6}));
  harness.Send(client, H::Ufunc(8, "add", {5, 7}));
  harness.Send(client, H::Ufunc(9, "add", {8}, {1.0}));
  harness.Send(client, H::Reduce(10, "sum", 9));
  harness.Send(client, H::Delete({5, 6, 7, 8, 9}));
  harness.Run();
  CHECK(harness.commands.empty());  // nothing runs before somebody needs it
  const auto get = harness.Send(client, H::Get(10), true);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 1);
  CHECK(passes[0]->operands.size() == 4);
  CHECK(passes[0]->outputs.empty());
  CHECK(passes[0]->results.size() == 1);
  CHECK(passes[0]->program.Validate(1).ok());
  REQUIRE(harness.ReplyTo(client, get) != nullptr);
  CHECK(harness.ReplyTo(client, get)->chunk().last());
}

TEST_CASE("a temporary that has a name is stored by the pass that computes it, once") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  harness.Send(client, H::Ufunc(5, "multiply", {1, 2}));
  harness.Send(client, H::Reduce(6, "sum", 5));
  harness.Send(client, H::Reduce(7, "max", 5));
  harness.Send(client, H::Get(6), true);
  harness.Send(client, H::Get(7), true);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 2);
  CHECK(passes[0]->outputs.size() == 1);
  CHECK(passes[1]->operands.size() == 1);  // reads the product, does not compute it again
}

TEST_CASE("a shared temporary without a name is computed once") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  harness.Send(client, H::Ufunc(5, "multiply", {1, 2}));
  harness.Send(client, H::Reduce(6, "sum", 5));
  harness.Send(client, H::Reduce(7, "max", 5));
  harness.Send(client, H::Delete({5}));
  harness.Send(client, H::Wait({6, 7}), true);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 1);  // both reductions at the end of one pass
  CHECK(passes[0]->results.size() == 2);
  CHECK(passes[0]->outputs.empty());
}

TEST_CASE("readers of the old elements run before an assignment in place") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  harness.Send(client, H::Ufunc(5, "negative", {1}));
  v1::Request assign;
  assign.mutable_assign()->set_key(1);
  auto* range = assign.mutable_assign()->mutable_index()->add_entries()->mutable_slice();
  range->set_start(2);
  range->set_stop(5);
  assign.mutable_assign()->mutable_scalar()->set_floating(7);
  harness.Send(client, assign);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 2);
  CHECK(std::holds_alternative<NewBuffer>(passes[0]->outputs.at(0)));
  CHECK(std::holds_alternative<BufferView>(passes[1]->outputs.at(0)));
  CHECK(std::get<BufferView>(passes[1]->outputs.at(0)).buffer == passes[0]->operands.at(0).buffer);
}

TEST_CASE("the distribution that an assignment names outlives its array until then") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {10, 100}));
  harness.Send(client, H::Wait({1}), true);
  harness.Run();
  harness.commands.clear();
  v1::Request assign;
  assign.mutable_assign()->set_key(1);
  auto* range = assign.mutable_assign()->mutable_index()->add_entries()->mutable_slice();
  range->set_start(2);
  range->set_stop(5);
  assign.mutable_assign()->mutable_scalar()->set_floating(7);
  harness.Send(client, assign);
  harness.Send(client, H::Delete({1}));
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 1);
  const auto named = std::get<BufferView>(passes[0]->outputs.at(0)).distribution;
  REQUIRE(harness.forgotten.contains(named));
  CHECK(harness.forgotten.at(named) == harness.commands.size());
}

TEST_CASE("readers recorded before the array itself was computed still run before an assignment") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {1000}));
  harness.Send(client, H::Ufunc(2, "sin", {1}));
  harness.Send(client, H::SliceOf(3, 1, 0, 10));
  harness.Send(client, H::Ufunc(4, "negative", {3}));
  harness.Send(client, H::Get(1), true);
  harness.Run();
  harness.commands.clear();
  v1::Request assign;
  assign.mutable_assign()->set_key(3);
  assign.mutable_assign()->mutable_scalar()->set_floating(7);
  harness.Send(client, assign);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() >= 2);
  for (std::size_t i = 0; i + 1 < passes.size(); ++i) {
    CHECK(std::holds_alternative<NewBuffer>(passes[i]->outputs.at(0)));
  }
  CHECK(std::holds_alternative<BufferView>(passes.back()->outputs.at(0)));
}

TEST_CASE("an array of index lists on one process is put into C order to be read") {
  H harness;
  const PeerId client = harness.Connect();
  v1::Request create = H::Zeros(1, {3});
  auto* exact = create.mutable_create()->mutable_distribution()->mutable_exact();
  exact->add_targets(0);
  auto* map = exact->add_dimensions();
  map->set_size(3);
  map->set_grid_size(1);
  auto* indices = map->mutable_unstructured()->add_processes();
  for (const int index : {2, 0, 1}) {
    indices->add_indices(index);
  }
  harness.Send(client, create);
  harness.Send(client, H::Get(1), true);
  harness.Run();
  CHECK(harness.Of<Redistribute>().size() == 1);
}

TEST_CASE("a whole new content is not written in place") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  v1::Request add;
  add.mutable_ufunc()->set_in_place(1);
  add.mutable_ufunc()->set_name("add");
  add.mutable_ufunc()->add_operands()->set_key(1);
  add.mutable_ufunc()->add_operands()->mutable_scalar()->set_floating(1);
  harness.Send(client, add);
  harness.Send(client, H::Get(1), true);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 1);
  CHECK(std::holds_alternative<NewBuffer>(passes[0]->outputs.at(0)));
  CHECK(harness.freed.size() >= 1);  // the old elements
}

TEST_CASE("an operation that can fail shares a pass with nothing else") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {100}, v1::DTYPE_INT64));
  harness.Send(client, H::Zeros(2, {100}, v1::DTYPE_INT64));
  harness.Send(client, H::Ufunc(3, "power", {1, 2}));
  harness.Send(client, H::Ufunc(4, "negative", {3}));
  harness.Send(client, H::Ufunc(5, "negative", {1}));
  harness.engine = [](const Command& command, CommandReply& reply) {
    const auto* pass = std::get_if<RunProgram>(&command.body);
    if (pass != nullptr && pass->operands.size() == 2) {
      reply.reason = Reason::kInvalidValue;
      reply.message = "no";
    }
  };
  const auto failed = harness.Send(client, H::Wait({3}), true);
  harness.Run();
  CHECK(harness.ReplyTo(client, failed)->has_error());
  const auto others = harness.Send(client, H::Wait({1, 2, 5}), true);
  harness.Run();
  CHECK(harness.ReplyTo(client, others)->has_done());
}

TEST_CASE("recorded work is bounded") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  for (std::int64_t key = 5; key < 1000; ++key) {
    harness.Send(client, H::Ufunc(key, "add", {key == 5 ? 1 : key - 1}, {1.0}));
    harness.Send(client, H::Delete({key == 5 ? 5000 : key - 1}));
  }
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  CHECK(passes.size() >= 5);
  CHECK(passes.size() <= 20);
  for (const RunProgram* pass : passes) {
    CHECK(pass->program.instructions.size() < 400);
  }
}

TEST_CASE("operands that lie otherwise are copied to where the result lies, broadcast ones to every process") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {10, 6}));
  v1::Request cyclic = H::Zeros(2, {10, 6});
  cyclic.mutable_create()->mutable_distribution()->set_kinds("cn");
  harness.Send(client, cyclic);
  harness.Send(client, H::Zeros(3, {6}));
  harness.Send(client, H::Ufunc(4, "add", {1, 2}));
  harness.Send(client, H::Ufunc(5, "add", {1, 3}));
  harness.Send(client, H::Wait({4, 5}), true);
  harness.Run();
  CHECK(harness.Of<Redistribute>().size() == 2);
}

TEST_CASE("slices shifted against each other exchange the edges of their blocks") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {1000}));
  harness.Send(client, H::SliceOf(2, 1, 1, 1000));
  harness.Send(client, H::SliceOf(3, 1, 0, 999));
  harness.Send(client, H::Ufunc(4, "subtract", {2, 3}));
  harness.Send(client, H::Ufunc(5, "multiply", {4, 3}));
  harness.Send(client, H::Wait({5}), true);
  harness.Run();
  CHECK(harness.Of<Redistribute>().empty());
  const auto edges = harness.Of<CopyEdges>();
  REQUIRE(edges.size() == 1);
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 2);
  CHECK(passes[1]->operands.size() == 2);
  REQUIRE(passes[1]->edges.size() == 1);
  CHECK(passes[1]->edges[0].buffer.buffer == edges[0]->destination.buffer);
  CHECK(passes[1]->operands.at(static_cast<std::size_t>(passes[1]->edges[0].operand)).view == edges[0]->source.view);
}

TEST_CASE("a power of two is a square") {
  H harness;
  const PeerId client = WithFourArrays(harness);
  harness.Send(client, H::Ufunc(5, "power", {1}, {2.0}));
  harness.Send(client, H::Ufunc(6, "power", {1}, {3.0}));
  harness.Send(client, H::Wait({5}), true);
  harness.Send(client, H::Wait({6}), true);
  harness.Run();
  const auto passes = harness.Of<RunProgram>();
  REQUIRE(passes.size() == 2);
  CHECK(passes[0]->program.instructions.size() == 2);  // load, square
  CHECK(passes[1]->program.instructions.size() == 3);
}

TEST_CASE("an array's name is charged when it is made, and MemoryError when there is no room") {
  H harness(2, 20000);
  const PeerId client = harness.Connect();
  const auto first = harness.Send(client, H::Zeros(1, {1000}), true);
  const auto second = harness.Send(client, H::Zeros(2, {1000}), true);
  const auto third = harness.Send(client, H::Zeros(3, {1000}), true);
  CHECK(harness.ReplyTo(client, first)->has_array());
  CHECK(harness.ReplyTo(client, second)->has_array());
  REQUIRE(harness.ReplyTo(client, third)->has_error());
  CHECK(harness.ReplyTo(client, third)->error().reason() == v1::ERROR_REASON_MEMORY_LIMIT);
  harness.Send(client, H::Delete({1}));
  CHECK(harness.ReplyTo(client, harness.Send(client, H::Zeros(4, {1000}), true))->has_array());
}

}  // namespace
}  // namespace distarray::server
