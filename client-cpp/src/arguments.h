#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "client-cpp/src/session.h"
#include "distarray/v1/operations.pb.h"
#include "distarray/value.h"

namespace distarray::inline client {

/// Writes the arguments of a function into a request, and the arrays among them, each once.
class ArgumentWriter {
 public:
  ArgumentWriter(const Session* session, v1::ApplyRequest* request) : session_(session), request_(request) {}

  /// `name`: of a keyword argument; empty: the next positional one. Errors: kInvalidValue text that is not UTF-8,
  /// values nested too deep, arrays of another context; that of a failed array.
  absl::Status Add(const std::string& name, const Value& value);

 private:
  /// `depth`: of lists and maps around the value.
  absl::Status Write(const Value& value, int depth, v1::PlainValue* out);
  absl::Status WriteArray(const Array& array, bool readonly, v1::PlainValue* out);
  /// An error of the argument that is being written.
  absl::Status Invalid(const std::string& what) const;

  const Session* session_;
  v1::ApplyRequest* request_;
  std::string argument_;                                    // what messages call it
  std::map<std::pair<std::int64_t, bool>, int> positions_;  // of arrays, by key and whether they are only read
};

/// Whether the wire takes the text.
bool IsUtf8(const std::string& text);

}  // namespace distarray::inline client
