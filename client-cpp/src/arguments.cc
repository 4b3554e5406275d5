#include "client-cpp/src/arguments.h"

#include <absl/strings/str_cat.h>

#include <variant>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

// Lists and maps. Protocol buffers read at most 100 messages inside one another, and a map is three.
constexpr int kDepthMax = 30;

}  // namespace

bool IsUtf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(text[at])); };
    const unsigned first = byte(i++);
    if (first < 0x80) {
      continue;
    }
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < static_cast<std::size_t>(more)) {
      return false;
    }
    unsigned code = first & (0x3FU >> static_cast<unsigned>(more));
    for (int k = 0; k < more; ++k) {
      const unsigned next = byte(i++);
      if ((next & 0xC0U) != 0x80) {
        return false;
      }
      code = code << 6U | (next & 0x3FU);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
  }
  return true;
}

absl::Status ArgumentWriter::Invalid(const std::string& what) const {
  return Error(Reason::kInvalidValue, absl::StrCat("argument ", argument_, ": ", what));
}

absl::Status ArgumentWriter::Add(const std::string& name, const Value& value) {
  if (!IsUtf8(name)) {
    return Error(Reason::kInvalidValue, "keywords: a name that is not UTF-8 given");
  }
  argument_ = name.empty() ? absl::StrCat(request_->arguments_size()) : name;
  v1::FunctionArgument& argument = *request_->add_arguments();
  argument.set_name(name);
  return Write(value, 0, argument.mutable_value());
}

absl::Status ArgumentWriter::Write(const Value& value, int depth, v1::PlainValue* out) {
  if (depth > kDepthMax) {
    return Invalid(absl::StrCat("nested deeper than ", kDepthMax, " lists and maps"));
  }
  if (const Scalar* const scalar = value.scalar()) {
    ToWire(*scalar, out->mutable_scalar());
  } else if (const std::string* const text = value.text()) {
    if (!IsUtf8(*text)) {
      return Invalid("text that is not UTF-8 given; Value::Bytes takes any");
    }
    out->set_text(*text);
  } else if (const std::string* const bytes = value.bytes()) {
    out->set_data(*bytes);
  } else if (const Value::List* const list = value.list()) {
    out->mutable_list();
    for (const Value& item : *list) {
      DA_RETURN_IF_ERROR(Write(item, depth + 1, out->mutable_list()->add_items()));
    }
  } else if (const Value::Map* const map = value.map()) {
    out->mutable_map();
    for (const auto& [name, entry] : *map) {
      if (!IsUtf8(name)) {
        return Invalid("a map with a name that is not UTF-8 given");
      }
      DA_RETURN_IF_ERROR(Write(entry, depth + 1, &(*out->mutable_map()->mutable_entries())[name]));
    }
  } else if (const auto* const array = std::get_if<Array>(&value.held())) {
    return WriteArray(*array, false, out);
  } else if (const auto* const readonly = std::get_if<ReadOnly>(&value.held())) {
    return WriteArray(readonly->array, true, out);
  } else {
    out->mutable_nothing();
  }
  return absl::OkStatus();
}

absl::Status ArgumentWriter::WriteArray(const Array& array, bool readonly, v1::PlainValue* out) {
  DA_RETURN_IF_ERROR(array.status());
  if (ArrayState::Of(array)->session.get() != session_) {
    return Invalid("an array of another context given");
  }
  const auto [position, added] = positions_.try_emplace({array.key(), readonly}, static_cast<int>(positions_.size()));
  if (added) {
    v1::FunctionArray& message = *request_->add_arrays();
    message.set_key(array.key());
    message.set_readonly(readonly);
  }
  out->set_array(position->second);
  return absl::OkStatus();
}

}  // namespace distarray::inline client
