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

/// What targets lack of an operand of a pass: a buffer that CopyEdges made.
struct OperandEdges {
  std::int32_t operand = 0;
  NewBuffer buffer;
};

/// One fused pass. Concerns the space's targets. Every operand's region on a target has the space's local shape
/// (IsRegular), but for those with edges, which fall into pieces (engine/index/pieces.h). Reduction r's result goes to
/// the new buffer results[r], whose distribution is ReducedDistribution of the space.
struct RunProgram {
  DistributionId space = 0;
  Program program;
  std::vector<BufferView> operands;
  std::vector<OutputBuffer> outputs;
  std::vector<NewBuffer> results;
  std::vector<OperandEdges> edges = {};  // ascending by operand
};

/// Copies the elements of `source` to `destination` (same shape and dtype), wherever they lie. Concerns the union of
/// both targets. Source and destination must not be the same buffer.
struct Redistribute {
  BufferView source;
  OutputBuffer destination;
};

/// A stored array of matrices, of at least two dimensions: the last two are a matrix's, transposed if so said.
struct MatrixBuffer {
  BufferId buffer = 0;
  DistributionId distribution = 0;
  bool transposed = false;
};

/// The product of two arrays of matrices of one dtype and one number of dimensions, into a new array of matrices.
/// Dimensions before the last two are those of a batch: of the same size in all three, or 1 in a factor. Concerns all
/// their targets.
struct MultiplyMatrices {
  enum class Scheme : std::uint8_t {
    // All three lie on the same targets, dealt out over one dimension of the batch; factors of size 1 there are
    // replicated, or there is one target. Nothing is sent.
    kLocal,
    // a and the result are dealt out over the rows of the matrices only, alike; b anyhow in blocks of its matrices,
    // which are passed round.
    kPanels,
    // a and b are dealt out over the dimension that is summed over only, alike; each target multiplies its part, and
    // the partial products are summed where the result lies, which is in rows (server/compute/workbench.h).
    kPartials,
  };
  Scheme scheme = Scheme::kLocal;
  MatrixBuffer a;
  MatrixBuffer b;
  NewBuffer result;  // its dtype is that of the factors
};

/// Gives each target of `space` what its share of the space reads of `source` and other targets hold: Pieces' edges, in
/// a new buffer of Pieces::Edges. Concerns the union of the source's and the space's targets.
struct CopyEdges {
  BufferView source;
  DistributionId space = 0;
  NewBuffer destination;
};

/// Running sums or products along an axis, in the array's own dtype. Source and result are dealt out alike. Either the
/// axis is whole on each target; or the array has one dimension, in blocks, each of which is the result's too: with
/// `initial` the first one is longer by the 0 or 1 that the result then begins with.
struct ScanArray {
  BufferId source = 0;
  DistributionId distribution = 0;  // of the source
  NewBuffer result;
  int axis = 0;
  bool product = false;
  bool initial = false;
};

/// Sorts each row of `row_length` elements of the source's blocks, laid end to end in the order of the targets: their
/// elements, or (`indices`) their positions in the row, int64, stable. NaNs count as greater than all numbers. The
/// result has blocks of the same lengths on the same targets; concerns these.
struct SortRows {
  BufferView source;
  NewBuffer result;
  std::int64_t row_length = 0;
  bool indices = false;
  bool descending = false;
};

/// Finds where each element of `values` belongs in `sorted`, of one dimension, ascending and whole on every target of
/// the values: before its equals, or (`right`) behind them. The result (int64) is laid out as the values; concerns
/// their targets.
struct SearchRows {
  BufferView sorted;
  BufferView values;
  NewBuffer result;
  bool right = false;
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

/// Index arrays that together choose rows of an array: int64, one a dimension that they index, of one dimension
/// themselves and laid out alike. `sizes` are those of the dimensions, which count rows in C order; `axes` is what they
/// are called in errors.
struct RowChoice {
  std::vector<BufferView> indices;
  std::vector<std::int64_t> sizes;
  std::vector<int> axes;
};

/// Finds out whether the choice names rows only, and the needed buffers have elements, before something is written that
/// depends on it. Concerns the targets of all. Error kIndexOutOfRange: the same on all.
struct CheckRows {
  RowChoice choice;
  std::vector<BufferView> needed;
};

/// Row i of a new buffer becomes the row of `source` that element i of the choice names. The rows of the source are
/// dealt out in blocks (or all of them lie on every target), those of the destination as the choice. Concerns the
/// targets of all three. Error kIndexOutOfRange.
struct TakeRows {
  BufferView source;
  RowChoice choice;
  std::int64_t row_elements = 1;
  NewBuffer destination;
};

/// The reverse: the row of `destination` that element i of the choice names becomes row i of `values`, which are laid
/// out as the choice, or (without values) `fill`, the bytes of one element, repeated. Where several elements name a
/// row, the last one counts. Concerns the targets of all. The choice must have been checked.
struct PutRows {
  RowChoice choice;
  std::int64_t row_elements = 1;
  std::optional<BufferView> values;
  std::string fill;
  BufferView destination;
};

/// Takes along dimensions of the source that are whole on its targets: the dimensions from `axis` on that the choice
/// has sizes for become one, as long as the choice, all of which lies on every target. The destination is laid out as
/// the source in the other dimensions. Concerns the source's targets. Error kIndexOutOfRange.
struct TakeAlong {
  BufferView source;
  int axis = 0;
  RowChoice choice;
  NewBuffer destination;
};

/// The reverse, as PutRows.
struct PutAlong {
  int axis = 0;
  RowChoice choice;
  std::optional<BufferView> values;
  std::string fill;
  BufferView destination;
};

/// Element for element: one of the destination is that of the source at the same place but along `axis`, where the
/// index says. All three are laid out alike but for the axis, which is whole on each target; the indices are int64.
/// Concerns the targets. Error kIndexOutOfRange.
struct TakeAligned {
  BufferView source;
  int axis = 0;
  BufferView indices;
  NewBuffer destination;
};

/// How many elements of a mask (bool) are true, or what the elements of `repeats` (int64) add up to. The bytes of each
/// reply: the target's number, an int64. Concerns the targets. Error kInvalidValue: repeats below 0.
struct CountSelected {
  BufferView mask;
};

/// Takes the rows of arrays where a mask is true (or, where it is int64, so often), and coordinates of the mask's
/// elements. Nothing moves: the rows of a source lie where the elements of the mask do, and each target's part of a
/// destination has as many as CountSelected said. Concerns the mask's targets.
struct SelectRows {
  struct Take {
    BufferView source;
    NewBuffer destination;
  };
  struct Number {
    std::vector<std::int64_t> divisors;  // element i's coordinates are i / divisors[d] % sizes[d]
    std::vector<std::int64_t> sizes;
    NewBuffer destination;  // int64, that many columns
  };
  BufferView mask;
  std::vector<Take> takes;
  std::vector<Number> numbers;
};

/// The rows of `destination` where the mask is true become those of `values`, one after the other. All lie on the
/// mask's targets; no target may fail, so the values must have been found usable (CheckRows).
struct PutSelected {
  BufferView mask;
  BufferView values;
  BufferView destination;
};

/// Counts which bin each element of `values` lies in, or adds up its weight. Without `edges`: values are int64, bin i
/// is the number i, all are within the bins. With them: values are float64, bin i is edges[i] <= value < edges[i + 1],
/// the last edge included; others are left out. Edges are float64, ascending, at least two, all of them on each of the
/// values' targets; weights are float64 and laid out as the values. The destination, of one dimension, in blocks, is
/// int64, or float64 if there are weights. Concerns the targets of all.
struct CountBins {
  BufferView values;
  std::optional<BufferView> weights;
  std::optional<BufferView> edges;
  NewBuffer destination;
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

// Functions of the user's. A *pool* is one MPI job of worker processes, one a target; it carries out one *call* at a
// time. A call borrows blocks (LendBlocks, in its lane), is run by the workers (CallFunction), may leave blocks that
// they made (AdoptBlocks), and ends (EndCall). The last three belong to no lane: a lane does not wait for a call, but
// what uses the blocks that it borrowed does.
using PoolId = std::int64_t;
using CallId = std::int64_t;

/// A pool is being started: who knows the cookie is its worker. Concerns all; no lane. The reply comes when this
/// target's worker can run functions, or has ended before that (kWorkerLost).
struct ExpectWorkers {
  PoolId pool = 0;
  std::string cookie;
};

/// A pool has ended, or is not to be used any more: the calls that it runs are lost. Concerns all; no lane, no reply.
struct DropWorkers {
  PoolId pool = 0;
  std::string why;
};

/// Lends the call the whole blocks of buffers: where one may be written, nobody else uses it until EndCall; else nobody
/// writes it. Concerns the call's targets.
struct LendBlocks {
  struct Loan {
    BufferId buffer = 0;
    DistributionId distribution = 0;
    DType dtype = DType::kFloat64;
    bool writable = false;
  };
  CallId call = 0;
  std::vector<Loan> loans;  // the call's arrays, in order; a target that has no part of one lends nothing
};

/// Has the worker of `pool` run a function. The reply comes when it has ended, however it ended: its `bytes` are an
/// encoded FunctionOutcome.
struct CallFunction {
  PoolId pool = 0;
  CallId call = 0;
  std::string job;                   // JSON, for the worker: what to run
  std::string payload;               // its binary parts
  std::int64_t allowance_bytes = 0;  // of blocks that the worker may ask for, on each target
};
struct FunctionOutcome {
  std::string result;   // JSON: the worker's result, or {"lost": how} if it ended
  std::string payload;  // its binary part
  std::int64_t lent_bytes = 0;
  bool ended = false;  // nothing is lent or kept for the call on this target: it needs no EndCall
  std::string Encode() const;
  static absl::StatusOr<FunctionOutcome> Decode(std::string_view bytes);
};

/// Interrupts a running function (SIGINT). No reply.
struct InterruptCall {
  CallId call = 0;
};

/// Makes buffers of blocks that the call's workers allocated. Concerns the buffers' targets; no lane.
struct AdoptBlocks {
  struct Part {
    int target = 0;
    std::int64_t block = 0;  // the worker's number of it; 0: none, an empty part; -1 - n: a copy of the call's loan n
  };
  struct Adoption {
    NewBuffer buffer;
    std::vector<Part> parts;
  };
  CallId call = 0;
  std::vector<Adoption> adoptions;
};

/// Gives back what was lent and frees what was not adopted. No lane, no reply.
struct EndCall {
  CallId call = 0;
};

/// Ends the engine's loop. Concerns all.
struct Shutdown {};

using CommandBody = std::variant<DefineDistribution, ForgetDistributions, RunProgram, Redistribute, MultiplyMatrices,
                                 CopyEdges, ScanArray, SortRows, SearchRows, StoreBytes, FetchBytes, FreeBuffers,
                                 SaveHdf5, InspectHdf5, LoadHdf5, ExpectWorkers, DropWorkers, LendBlocks, CallFunction,
                                 InterruptCall, AdoptBlocks, EndCall, Shutdown, CheckRows, TakeRows, PutRows, TakeAlong,
                                 PutAlong, TakeAligned, CountSelected, SelectRows, PutSelected, CountBins>;

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

/// What an engine answers to every command for which HasReply. A buffer whose command failed is
/// *poisoned* with the status: what uses it fails with the same.
struct CommandReply {
  std::int64_t number = 0;
  int target = 0;
  Reason reason = Reason::kUnspecified;  // kUnspecified: it went well
  std::string message;
  std::string bytes;  // FetchBytes, InspectHdf5, CallFunction, CountSelected

  absl::Status status() const;
  std::string Encode() const;
  static absl::StatusOr<CommandReply> Decode(std::string_view bytes);
};

/// Whether an engine answers a command of this kind.
bool HasReply(const CommandBody& body);

}  // namespace distarray
