// SPDX-License-Identifier: Apache-2.0
#include "line_reader.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "process.h"

namespace hearth::app {
namespace {

// The terminal's own line discipline, which knows backspace and no more.
class PlainReader final : public LineReader {
 public:
  TypedLine read(const char* prompt) override {
    fmt::print(stderr, "{}", prompt);
    std::fflush(stderr);
    std::string line;
    while (true) {
      if (interrupted()) {
        clear_interrupted();
        fmt::print(stderr, "\n");
        return {TypedLine::End::interrupted, to_valid_utf8(line)};
      }
      // Not read() at once: Ctrl-C may come just before it.
      pollfd poller{STDIN_FILENO, POLLIN, 0};
      if (::poll(&poller, 1, kSignalPollMs) <= 0) continue;
      char c = 0;
      const ssize_t n = ::read(STDIN_FILENO, &c, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0 && line.empty()) return {TypedLine::End::end, {}};
      if (n <= 0 || c == '\n') return {TypedLine::End::entered, to_valid_utf8(line)};
      line += c;
    }
  }
  void remember(const std::string&) override {}
};

bool terminal_can_edit() {
  const char* terminal = std::getenv("TERM");
  return stdin_is_terminal() && stderr_is_terminal() && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

}  // namespace

std::unique_ptr<LineReader> make_line_reader() {
  if (terminal_can_edit())
    if (auto reader = make_edit_reader()) return reader;
  return std::make_unique<PlainReader>();
}

}  // namespace hearth::app
