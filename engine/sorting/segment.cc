#include "engine/sorting/segment.h"

namespace distarray {

std::string SegmentPlan::Encode() const {
  ByteWriter out;
  out.Put(rounds);
  out.Put(static_cast<std::int64_t>(cuts.size()));
  for (const Cut& cut : cuts) {
    out.Put(cut.bucket);
    out.PutVector(cut.begins);
    out.PutVector(cut.numbers);
  }
  out.PutVector(sequence);
  out.PutVector(begins);
  out.Put(static_cast<std::int64_t>(incoming.size()));
  for (const auto& counts : incoming) {
    out.PutVector(counts);
  }
  return std::move(out).Take();
}

SegmentPlan SegmentPlan::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  SegmentPlan plan;
  plan.rounds = in.Get<int>();
  plan.cuts.resize(static_cast<std::size_t>(in.Get<std::int64_t>()));
  for (Cut& cut : plan.cuts) {
    cut.bucket = in.Get<int>();
    cut.begins = in.GetVector<std::int64_t>();
    cut.numbers = in.GetVector<int>();
  }
  plan.sequence = in.GetVector<int>();
  plan.begins = in.GetVector<int>();
  plan.incoming.resize(static_cast<std::size_t>(in.Get<std::int64_t>()));
  for (auto& counts : plan.incoming) {
    counts = in.GetVector<std::int64_t>();
  }
  return plan;
}

}  // namespace distarray
