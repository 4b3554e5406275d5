#include "server/supervisor/huge_pages.h"

#include <absl/strings/str_cat.h>

#include <fstream>

namespace distarray::server {

std::string TellHugePages() {
  constexpr char kSetting[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
  std::string text;
  std::ifstream file(kSetting);
  std::getline(file, text);
  for (const char* allowed : {"[advise]", "[always]", "[within_size]", "[force]"}) {
    if (text.find(allowed) != std::string::npos) {
      return "engine memory lies in huge pages";
    }
  }
  return absl::StrCat(
      "engine memory lies in pages of ordinary size; filling new arrays is some five times faster in huge ones: echo "
      "advise > ",
      kSetting);
}

}  // namespace distarray::server
