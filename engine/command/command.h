#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/distribution/distribution.h"
#include "engine/dtype/dtype.h"
#include "engine/index/view.h"
#include "engine/program/program.h"

namespace distarray {

/// The closed set of commands from the front to the engines: plain structs. Every engine that a command concerns gets
/// the same bytes.
///
/// Commands of one *lane* (a session) are carried out in order on each engine; lanes take turns. Commands of different
/// lanes never share a buffer. At most one file command is under way at a time over all lanes (it uses blocking
/// collectives).

using BufferId = std::int64_t;        // chosen by the front, never used again within an epoch
using DistributionId = std::int64_t;  // likewise

/// Makes a distribution known to all engines (sent once, lane-less, before the first use).
struct DefineDistribution {
  DistributionId id = 0;
  DistributionPtr distribution;
};
struct ForgetDistributions {
  std::vector<DistributionId> ids;
};

/// Elements of a stored buffer: a view of an array laid out by `distribution`, of which each target holds its dense
/// C-order block.
struct BufferView {
  BufferId buffer = 0;
  DistributionId distribution = 0;
  DType dtype = DType::kFloat64;
  View view;
};

/// A buffer to be made: dense blocks of `distribution`.
struct NewBuffer {
  BufferId buffer = 0;
  DistributionId distribution = 0;
  DType dtype = DType::kFloat64;
};

/// An output of a program: a new buffer laid out as the iteration space, or elements of a buffer that exists (in
/// place).
using OutputBuffer = std::variant<NewBuffer, BufferView>;

/// One fused pass. Concerns the space's targets. Every operand's region on a target has the space's local shape
/// (IsRegular). Reduction r's result goes to the new buffer results[r], whose distribution is ReducedDistribution of
/// the space.
struct RunProgram {
  DistributionId space = 0;
  Program program;
  std::vector<BufferView> operands;
  std::vector<OutputBuffer> outputs;
  std::vector<NewBuffer> results;
};

/// Copies the elements of `source` to `destination` (same shape and dtype), wherever they lie. Concerns the union of
/// both targets. Source and destination must not be the same buffer.
struct Redistribute {
  BufferView source;
  OutputBuffer destination;
};

/// A new buffer on its one target, with these elements (C order).
struct StoreBytes {
  NewBuffer buffer;
  std::string bytes;
};

/// The block of a one-target buffer comes back in the reply's `bytes`.
struct FetchBytes {
  BufferId buffer = 0;
  DistributionId distribution = 0;
};

struct FreeBuffers {
  std::vector<BufferId> buffers;
};

enum class SaveMode : std::uint8_t { kWrite, kExclusive, kAppend };

/// Writes a whole array to an HDF5 dataset, atomically (a file written aside, checked, renamed). Concerns all targets
/// of the source.
struct SaveHdf5 {
  BufferView source;
  std::string path;  // absolute
  std::string dataset;
  SaveMode mode = SaveMode::kAppend;
};

/// Asks for a dataset's shape and dtype; concerns one target. The reply's `bytes`: an encoded DatasetInfo.
struct InspectHdf5 {
  int target = 0;
  std::string path;
  std::string dataset;
};
struct DatasetInfo {
  Shape shape;
  DType dtype = DType::kFloat64;
  std::string Encode() const;
  static absl::StatusOr<DatasetInfo> Decode(std::string_view bytes);
};

/// Reads a dataset into a new buffer; concerns its targets.
struct LoadHdf5 {
  NewBuffer destination;
  std::string path;
  std::string dataset;
};

/// Ends the engine's loop. Concerns all.
struct Shutdown {};

using CommandBody = std::variant<DefineDistribution, ForgetDistributions, RunProgram, Redistribute, StoreBytes,
                                 FetchBytes, FreeBuffers, SaveHdf5, InspectHdf5, LoadHdf5, Shutdown>;

struct Command {
  std::int64_t number = 0;   // ascending in the order of sending; also tells messages of different commands apart
  std::int64_t lane = 0;     // session; 0: none (carried out at once)
  std::int64_t owner = 0;    // whose memory it is (pooled memory is zeroed before it passes to another owner)
  std::vector<int> targets;  // the engines concerned, ascending
  CommandBody body;

  std::string Encode() const;
  /// Error kInternal: bytes that are no command.
  static absl::StatusOr<Command> Decode(std::string_view bytes);
};

/// What an engine answers to every command but Define, Forget, Free and Shutdown. A buffer whose command failed is
/// *poisoned* with the status: what uses it fails with the same.
struct CommandReply {
  std::int64_t number = 0;
  int target = 0;
  Reason reason = Reason::kUnspecified;  // kUnspecified: it went well
  std::string message;
  std::string bytes;  // FetchBytes, InspectHdf5

  absl::Status status() const;
  std::string Encode() const;
  static absl::StatusOr<CommandReply> Decode(std::string_view bytes);
};

/// Whether an engine answers a command of this kind.
bool HasReply(const CommandBody& body);

}  // namespace distarray
