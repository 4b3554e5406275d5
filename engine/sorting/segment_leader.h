#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sorting/segment.h"

namespace distarray {

/// What one of a segment's parts does for all of them: chooses the splitters, and finds where buckets are to be cut so
/// that each part gets exactly as many elements as it had. What it is told and tells are messages of and for
/// SegmentSorter, one a part (SegmentPart); in the order below.
class SegmentLeader {
 public:
  static std::unique_ptr<SegmentLeader> Make(const SortedSegment& segment);
  virtual ~SegmentLeader() = default;

  /// From the parts' samples; for all.
  virtual std::string ChooseSplitters(const std::vector<std::string>& samples) = 0;
  /// From the parts' counts of the buckets: which buckets are to be told about; for all.
  virtual std::string ChooseCuts(const std::vector<std::string>& counts) = 0;
  /// From the parts' middles of these.
  virtual void BeginCuts(const std::vector<std::string>& middles) = 0;
  /// For each part; false: all cuts are known.
  virtual bool Ask(std::vector<std::string>& questions) = 0;
  virtual void TakeAnswers(const std::vector<std::string>& answers) = 0;
  /// For each part.
  virtual std::vector<std::string> Plans() = 0;
};

}  // namespace distarray
