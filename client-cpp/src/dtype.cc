#include "distarray/dtype.h"

namespace distarray::inline client {
namespace {

struct Info {
  std::string_view name;
  std::int64_t size;
  Kind kind;
};

constexpr std::array<Info, kDTypeCount> kInfos = {{
    {"bool", 1, Kind::kBool},
    {"int8", 1, Kind::kSigned},
    {"int16", 2, Kind::kSigned},
    {"int32", 4, Kind::kSigned},
    {"int64", 8, Kind::kSigned},
    {"uint8", 1, Kind::kUnsigned},
    {"uint16", 2, Kind::kUnsigned},
    {"uint32", 4, Kind::kUnsigned},
    {"uint64", 8, Kind::kUnsigned},
    {"float32", 4, Kind::kFloat},
    {"float64", 8, Kind::kFloat},
    {"complex64", 8, Kind::kComplex},
    {"complex128", 16, Kind::kComplex},
}};

const Info& InfoOf(DType dtype) { return kInfos[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string_view NameOf(DType dtype) { return InfoOf(dtype).name; }
std::int64_t SizeOf(DType dtype) { return InfoOf(dtype).size; }
Kind KindOf(DType dtype) { return InfoOf(dtype).kind; }

}  // namespace distarray::inline client
