// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/strftime.h"

#include <locale.h>

namespace hearth::text::jinja {

std::tm local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

std::string format_time(const std::string& format, const std::tm& time) {
  // datetime fills in what the C library cannot know: microseconds, and no zone for a naive time.
  std::string prepared;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      prepared += format[i];
      continue;
    }
    const char letter = format[++i];
    if (letter == 'f')
      prepared += "000000";
    else if (letter != 'z' && letter != 'Z')
      prepared.append(1, '%').append(1, letter);
  }
  if (prepared.empty()) return {};
  static const locale_t kEnglish = newlocale(LC_ALL_MASK, "C", nullptr);
  // As Python: what does not fit in 256 bytes for each byte of the format gives nothing.
  std::string out(256 * prepared.size() + 1, '\0');
  out.resize(strftime_l(out.data(), out.size(), prepared.c_str(), &time, kEnglish));
  return out;
}

}  // namespace hearth::text::jinja
