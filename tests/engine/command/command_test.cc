#include "engine/command/command.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

BufferView SomeView() {
  BufferView view{7, 8, DType::kComplex64, {}};
  view.view.dimensions = {{1, 10, -2, 4}, {-1, 0, 0, 3}};
  view.view.fixed = {{0, 5}};
  return view;
}

Program SomeProgram() {
  Program program;
  program.operand_types = {DType::kFloat32};
  program.instructions = {{LoadOperand{0}, DType::kFloat32},
                          {Constant{{2.5}}, DType::kFloat32},
                          {ApplyOperation{3, DType::kFloat32, {0, 1, -1}}, DType::kFloat32},
                          {RandomNumber{RandomNumber::Kind::kNormal, 1, 2, {0.0}, {1.0}}, DType::kFloat64},
                          {Cast{2}, DType::kInt8},
                          {GlobalIndex{1}, DType::kInt64}};
  program.stores = {{4, 0}};
  program.reductions = {{2, 1, DType::kFloat64, {0, 2}, 1.5}};
  return program;
}

RowChoice SomeChoice() { return {{SomeView(), SomeView()}, {4, 5}, {1, 3}}; }

std::vector<Command> SomeCommands() {
  const Distribution distribution{{DimensionMap::Block(10, 2), DimensionMap::Unstructured({{0, 2}, {1}})},
                                  {3, 1, 0, 2}};
  const NewBuffer fresh{5, 6, DType::kInt16};
  const std::vector<CommandBody> bodies{
      DefineDistribution{4, std::make_shared<const Distribution>(distribution)},
      ForgetDistributions{{1, 2, 3}},
      RunProgram{4, SomeProgram(), {SomeView()}, {fresh, SomeView()}, {fresh}, {{0, fresh}}},
      Redistribute{SomeView(), fresh},
      Redistribute{SomeView(), SomeView()},
      CopyEdges{SomeView(), 6, fresh},
      StoreBytes{fresh, std::string("a\0b", 3)},
      FetchBytes{1, 2},
      FreeBuffers{{9, 8}},
      SaveHdf5{SomeView(), "/tmp/x.h5", "a/b", SaveMode::kExclusive},
      InspectHdf5{2, "/tmp/x.h5", "a/b"},
      LoadHdf5{fresh, "/tmp/x.h5", "a/b"},
      ScanArray{1, 2, fresh, 3, true, true},
      MultiplyMatrices{MultiplyMatrices::Scheme::kPartials, {1, 2, true}, {3, 4, false}, fresh},
      SortRows{SomeView(), fresh, 12, true, true},
      SearchRows{SomeView(), SomeView(), fresh, true},
      Shutdown{},
      CheckRows{SomeChoice(), {SomeView()}},
      TakeRows{SomeView(), SomeChoice(), 12, fresh},
      PutRows{SomeChoice(), 12, SomeView(), "", SomeView()},
      PutRows{SomeChoice(), 12, {}, "1234", SomeView()},
      TakeAlong{SomeView(), 2, SomeChoice(), fresh},
      PutAlong{2, SomeChoice(), {}, "12", SomeView()},
      TakeAligned{SomeView(), 1, SomeView(), fresh},
      CountSelected{SomeView()},
      SelectRows{SomeView(), {{SomeView(), fresh}}, {{{6, 1}, {4, 6}, fresh}}},
      PutSelected{SomeView(), SomeView(), SomeView()},
      CountBins{SomeView(), SomeView(), {}, fresh},
  };
  std::vector<Command> commands;
  for (const CommandBody& body : bodies) {
    commands.push_back({static_cast<std::int64_t>(commands.size()) + 100, 3, 4, {0, 2}, body});
  }
  return commands;
}

TEST_CASE("commands come out as they went in") {
  for (const Command& command : SomeCommands()) {
    INFO("kind " << command.body.index());
    const std::string bytes = command.Encode();
    const auto decoded = Command::Decode(bytes);
    REQUIRE(decoded.ok());
    CHECK(decoded->number == command.number);
    CHECK(decoded->lane == 3);
    CHECK(decoded->owner == 4);
    CHECK(decoded->targets == command.targets);
    CHECK(decoded->body.index() == command.body.index());
    CHECK(decoded->Encode() == bytes);
  }
}

/// The first of the commands with this body, encoded and decoded.
template <typename Body>
Body Sent() {
  for (const Command& command : SomeCommands()) {
    if (std::holds_alternative<Body>(command.body)) {
      return std::get<Body>(Command::Decode(command.Encode())->body);
    }
  }
  FAIL("there is none");
  return {};
}

TEST_CASE("what a command holds") {
  CHECK(Sent<DefineDistribution>().distribution->targets == std::vector<int>{3, 1, 0, 2});
  const auto run = Sent<RunProgram>();
  CHECK(run.operands.at(0).view == SomeView().view);
  CHECK(run.operands.at(0).dtype == DType::kComplex64);
  CHECK(std::get<NewBuffer>(run.outputs.at(0)).buffer == 5);
  CHECK(std::get<BufferView>(run.outputs.at(1)).buffer == 7);
  CHECK(run.program.reductions.at(0).axes == std::vector<int>{0, 2});
  CHECK(run.program.reductions.at(0).correction == 1.5);
  CHECK(run.edges.at(0).operand == 0);
  CHECK(run.edges.at(0).buffer.buffer == 5);
  const auto edges = Sent<CopyEdges>();
  CHECK(edges.space == 6);
  CHECK(edges.source.view == SomeView().view);
  CHECK(edges.destination.buffer == 5);
  CHECK(Sent<StoreBytes>().bytes == std::string("a\0b", 3));
  const auto sort = Sent<SortRows>();
  CHECK(sort.row_length == 12);
  CHECK(sort.indices);
  CHECK(sort.descending);
  const auto search = Sent<SearchRows>();
  CHECK(search.result.buffer == 5);
  CHECK(search.right);
  CHECK(Sent<SaveHdf5>().mode == SaveMode::kExclusive);
}

TEST_CASE("damaged bytes are no command") {
  for (const Command& command : SomeCommands()) {
    const std::string bytes = command.Encode();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CHECK_FALSE(Command::Decode(bytes.substr(0, length)).ok());
    }
    CHECK_FALSE(Command::Decode(bytes + "x").ok());
    // Any byte may be wrong: what comes out is an error or some command, never harm.
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
      static_cast<void>(Command::Decode(damaged).ok());
    }
  }
}

TEST_CASE("replies come out as they went in") {
  const CommandReply reply{7, 2, Reason::kMemoryLimit, "no room", "bytes"};
  const auto decoded = CommandReply::Decode(reply.Encode());
  REQUIRE(decoded.ok());
  CHECK(decoded->number == 7);
  CHECK(decoded->target == 2);
  CHECK(decoded->bytes == "bytes");
  CHECK(ReasonOf(decoded->status()) == Reason::kMemoryLimit);
  CHECK(decoded->status().message() == "no room");
  CHECK(CommandReply{}.status().ok());
  CHECK_FALSE(CommandReply::Decode("short").ok());
}

TEST_CASE("descriptions of datasets come out as they went in") {
  const DatasetInfo info{{3, 0, 5}, DType::kUInt16};
  const auto decoded = DatasetInfo::Decode(info.Encode());
  REQUIRE(decoded.ok());
  CHECK(decoded->shape == info.shape);
  CHECK(decoded->dtype == info.dtype);
  CHECK_FALSE(DatasetInfo::Decode("").ok());
}

TEST_CASE("which commands are answered") {
  CHECK_FALSE(HasReply(DefineDistribution{}));
  CHECK_FALSE(HasReply(ForgetDistributions{}));
  CHECK_FALSE(HasReply(FreeBuffers{}));
  CHECK_FALSE(HasReply(Shutdown{}));
  CHECK(HasReply(RunProgram{}));
  CHECK(HasReply(FetchBytes{}));
  CHECK(HasReply(SortRows{}));
  CHECK(HasReply(CountSelected{}));
}

}  // namespace
}  // namespace distarray
