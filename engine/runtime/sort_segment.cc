#include "engine/runtime/sort_segment.h"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/runtime/guard.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/strings.h"
#include "engine/sorting/ordered_copy.h"
#include "engine/sorting/segment_leader.h"
#include "engine/sorting/segment_sorter.h"
#include "engine/sorting/value_counts.h"

namespace distarray {
namespace {

constexpr std::int64_t kElements = std::int64_t{1} << 16;  // between two looks at the clock
constexpr std::size_t kSlots = 2;                          // chunks or messages at a time, of each part

/// Calls step(budget) until it says true.
Task InSlices(Execution& execution, const std::function<bool(std::int64_t)>& step) {
  while (!step(kElements)) {
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

/// What all parts say goes to the leader, and what it makes of that to all.
Task AskLeader(Execution& execution, const SegmentJob& job, std::string own,
               const std::function<std::string(const std::vector<std::string>&)>& lead, std::string& answer) {
  std::vector<std::string> all;
  (co_await GatherStrings(execution, job.targets, std::move(own), all)).IgnoreError();
  std::vector<std::string> answers;
  if (job.part == 0) {
    answers.assign(job.targets.size(), lead(all));
  }
  co_return co_await DealStrings(execution, job.targets, std::move(answers), answer);
}

/// Whether all is in order as it is; then the result has been written.
Task SortOrdered(Execution& execution, const SegmentJob& job, bool& ordered) {
  const auto copy = OrderedCopy::Make(job.segment, job.part, job.elements, job.result);
  const auto copy_some = [&](std::int64_t budget) { return copy->Copy(budget); };
  const auto join = [&](const std::vector<std::string>& all) { return copy->Join(all) ? "ordered" : ""; };
  (co_await InSlices(execution, copy_some)).IgnoreError();
  std::string answer;
  (co_await AskLeader(execution, job, copy->Ends(), join, answer)).IgnoreError();
  ordered = !answer.empty();
  co_return absl::OkStatus();
}

/// Finds which element goes where.
Task MakePlan(Execution& execution, const SegmentJob& job, SegmentSorter& sorter) {
  const auto leader = job.part == 0 ? SegmentLeader::Make(job.segment) : nullptr;
  const auto choose_splitters = [&](const std::vector<std::string>& all) { return leader->ChooseSplitters(all); };
  const auto choose_cuts = [&](const std::vector<std::string>& all) { return leader->ChooseCuts(all); };
  const auto classify = [&](std::int64_t budget) { return sorter.Classify(budget); };
  const auto extract = [&](std::int64_t budget) { return sorter.Extract(budget); };
  const auto number = [&](std::int64_t budget) { return sorter.Number(budget); };
  std::string answer;
  (co_await AskLeader(execution, job, sorter.Sample(), choose_splitters, answer)).IgnoreError();
  sorter.UseSplitters(answer);
  (co_await InSlices(execution, classify)).IgnoreError();
  (co_await AskLeader(execution, job, sorter.Counts(), choose_cuts, answer)).IgnoreError();
  sorter.BeginExtract(answer);
  (co_await InSlices(execution, extract)).IgnoreError();
  std::vector<std::string> all;
  (co_await GatherStrings(execution, job.targets, sorter.Middles(), all)).IgnoreError();
  if (leader != nullptr) {
    leader->BeginCuts(all);
  }
  while (true) {
    // An empty question is the last.
    std::vector<std::string> questions;
    if (leader != nullptr && !leader->Ask(questions)) {
      questions.assign(job.targets.size(), "");
    }
    (co_await DealStrings(execution, job.targets, std::move(questions), answer)).IgnoreError();
    if (answer.empty()) {
      break;
    }
    (co_await GatherStrings(execution, job.targets, sorter.Answer(answer), all)).IgnoreError();
    if (leader != nullptr) {
      leader->TakeAnswers(all);
    }
  }
  std::vector<std::string> plans;
  if (leader != nullptr) {
    plans = leader->Plans();
  }
  (co_await DealStrings(execution, job.targets, std::move(plans), answer)).IgnoreError();
  sorter.UsePlan(answer);
  co_return co_await InSlices(execution, number);
}

/// The messages from one part.
struct Source {
  int part = 0;
  int target = 0;
  std::int64_t expected = 0;
  std::int64_t posted = 0;
  std::int64_t taken = 0;
  std::array<std::byte*, kSlots> memory{};
  std::array<Completion, kSlots> completions;
};

/// Chunks of this part's, on their way.
struct Sent {
  std::byte* memory = nullptr;
  Completion completion;
};

class RoundExchange {
 public:
  RoundExchange(Execution& execution, const SegmentJob& job, SegmentSorter& sorter, int round, std::byte* memory)
      : exchange_(execution.services.exchange),
        number_(execution.command.number),
        job_(job),
        sorter_(sorter),
        round_(round),
        bytes_(sorter.ChunkBytes()),
        chunks_(sorter.ChunkCount(job.part)) {
    for (Sent& sent : sent_) {
      sent.memory = std::exchange(memory, memory + bytes_);
    }
    for (int part = 0; part < static_cast<int>(job.targets.size()); ++part) {
      if (part != job.part) {
        Source& source = sources_.emplace_back();
        source.part = part;
        source.target = job.targets[static_cast<std::size_t>(part)];
        source.expected = sorter.ChunkCount(part);
        for (std::byte*& slot : source.memory) {
          slot = std::exchange(memory, memory + bytes_);
        }
        Post(source);
      }
    }
  }

  static std::int64_t MemoryBytes(const SegmentJob& job, const SegmentSorter& sorter) {
    return static_cast<std::int64_t>(kSlots * job.targets.size()) * sorter.ChunkBytes();
  }

  /// Takes what has come, and sends the next chunk if it may; false: nothing could be done.
  bool Advance() {
    bool advanced = false;
    for (Source& source : sources_) {
      while (source.taken < source.posted) {
        const std::size_t slot = static_cast<std::size_t>(source.taken) % kSlots;
        Completion& completion = source.completions[slot];
        if (!completion.done()) {
          break;
        }
        sorter_.Place(round_, source.part, {source.memory[slot], static_cast<std::size_t>(completion.received_bytes)});
        ++source.taken;
        Post(source);
        advanced = true;
      }
    }
    Sent& sent = sent_[static_cast<std::size_t>(next_) % kSlots];
    if (next_ < chunks_ && sent.completion.done()) {
      const auto messages = sorter_.FillChunk(round_, next_, sent.memory);
      for (std::size_t part = 0; part < messages.size(); ++part) {
        if (static_cast<int>(part) != job_.part) {
          exchange_.Send(number_, job_.targets[part], messages[part].data(), std::ssize(messages[part]),
                         sent.completion);
        }
      }
      sorter_.Place(round_, job_.part, messages[static_cast<std::size_t>(job_.part)]);
      ++next_;
      advanced = true;
    }
    return advanced;
  }

  bool done() const {
    return next_ == chunks_ &&
           std::all_of(sent_.begin(), sent_.end(), [](const Sent& sent) { return sent.completion.done(); }) &&
           std::all_of(sources_.begin(), sources_.end(),
                       [](const Source& source) { return source.taken == source.expected; });
  }

 private:
  void Post(Source& source) {
    while (source.posted < source.expected && source.posted < source.taken + static_cast<std::int64_t>(kSlots)) {
      const std::size_t slot = static_cast<std::size_t>(source.posted++) % kSlots;
      source.completions[slot] = {};
      exchange_.Receive(number_, source.target, source.memory[slot], bytes_, source.completions[slot]);
    }
  }

  Exchange& exchange_;
  std::int64_t number_;
  const SegmentJob& job_;
  SegmentSorter& sorter_;
  int round_;
  std::int64_t bytes_;
  std::int64_t chunks_;
  std::int64_t next_ = 0;
  std::array<Sent, kSlots> sent_;
  std::deque<Source> sources_;
};

/// Brings all elements where they belong, and sorts them there.
Task Exchanged(Execution& execution, const SegmentJob& job, SegmentSorter& sorter, std::byte* memory) {
  for (int round = 0; round < sorter.rounds(); ++round) {
    RoundExchange exchange(execution, job, sorter, round, memory);
    while (!exchange.done()) {
      // What Progress finds is looked at before this waits for more.
      const bool advanced = exchange.Advance() || execution.services.exchange.Progress();
      if (!advanced && !exchange.done()) {
        co_await execution.turn.ForMessages();
      } else if (execution.turn.Over()) {
        co_await execution.turn.Yield();
      }
    }
    const auto finish = [&](std::int64_t budget) { return sorter.FinishRound(round, budget); };
    (co_await InSlices(execution, finish)).IgnoreError();
  }
  co_return absl::OkStatus();
}

/// Elements of few values: counted instead of moved.
Task SortByCounting(Execution& execution, const SegmentJob& job) {
  ValueCounts counts(job.segment.dtype);
  const std::int64_t size = SizeOf(job.segment.dtype);
  const std::int64_t count = job.segment.counts[static_cast<std::size_t>(job.part)];
  std::int64_t done = 0;
  const auto count_some = [&](std::int64_t budget) {
    const std::int64_t now = std::min(budget, count - done);
    counts.Count(job.elements + done * size, now);
    done += now;
    return done == count;
  };
  (co_await InSlices(execution, count_some)).IgnoreError();
  const auto add_up = [&](const std::vector<std::string>& all) {
    ValueCounts sum(job.segment.dtype);
    for (const std::string& of_part : all) {
      sum.Add(of_part);
    }
    return sum.Encode();
  };
  std::string answer;
  (co_await AskLeader(execution, job, counts.Encode(), add_up, answer)).IgnoreError();
  ValueCounts total(job.segment.dtype);
  total.Add(answer);
  const auto first =
      std::accumulate(job.segment.counts.begin(), job.segment.counts.begin() + job.part, std::int64_t{0});
  constexpr std::int64_t kFilled = 16 * kElements;  // to find where to go on costs some time
  for (std::int64_t filled = 0; filled < count; filled += kFilled) {
    total.Fill(job.segment.descending, first + filled, std::min(kFilled, count - filled), job.result + filled * size);
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task SortSegment(Execution& execution, const SegmentJob& job, absl::Status& status) {
  const bool counted = !job.segment.indices && ValueCounts::Suits(job.segment.dtype);
  std::unique_ptr<SegmentSorter> sorter;
  BufferPtr numbers;
  if (!counted) {
    sorter = SegmentSorter::Make({job.segment, job.part, job.elements, job.result});
    status.Update(co_await MakeScratch(execution, sorter->NumbersBytes(), numbers));
  }
  (co_await Agree(execution, job.targets, status)).IgnoreError();
  if (!status.ok()) {
    co_return absl::OkStatus();
  }
  if (counted) {
    co_return co_await SortByCounting(execution, job);
  }
  bool ordered = false;
  (co_await SortOrdered(execution, job, ordered)).IgnoreError();
  if (ordered) {
    co_return absl::OkStatus();
  }
  sorter->UseNumbersMemory(numbers->data());
  (co_await MakePlan(execution, job, *sorter)).IgnoreError();
  BufferPtr keys;
  BufferPtr messages;
  status.Update(co_await MakeScratch(execution, sorter->KeysBytes(), keys));
  status.Update(co_await MakeScratch(execution, RoundExchange::MemoryBytes(job, *sorter), messages));
  (co_await Agree(execution, job.targets, status)).IgnoreError();
  if (status.ok()) {
    sorter->UseKeysMemory(keys->data());
    (co_await Exchanged(execution, job, *sorter, messages->data())).IgnoreError();
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
