// SPDX-License-Identifier: Apache-2.0
//
// Errors of the outside world (a file, a request, a budget, the network) are values: every function
// that can meet one returns Result<T>. A bug is not an error: it aborts through CHECK (check.h).
//
// The code is a closed set, so that one table maps it to exit codes (exit_code) and, in the server,
// one to HTTP statuses. The message is one sentence for a person: it names the thing and says what
// to do where that helps. Values of both types are plain and may cross threads and processes.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hearth {

enum class ErrorCode : std::uint8_t {
  failed,        // anything without a better name
  usage,         // the command line or request is wrong: nothing was attempted
  not_found,     // a model, file or name does not exist
  integrity,     // a file is malformed, truncated or has the wrong hash
  unsupported,   // the file is sound but of a kind that this version does not run
  does_not_fit,  // memory or context is too small for what was asked
  cancelled,     // somebody asked to stop
  io,            // the system refused: permission, full disk, broken descriptor
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

// The stable lower-case name of a code, for JSON and logs.
std::string_view name_of(ErrorCode code);

// The process exit status that stands for a code: 2 usage, 3 not found, 4 integrity or unsupported,
// 5 does not fit, 130 cancelled, 1 everything else. Documented in the README; programs rely on it.
int exit_code(ErrorCode code);

// Builds an error in one expression: return fail(ErrorCode::integrity, "{}: bad magic", name);
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// The text of errno, e.g. "No such file or directory"; thread-safe.
std::string errno_text(int error_number);

}  // namespace hearth

#define HEARTH_JOIN_INNER(a, b) a##b
#define HEARTH_JOIN(a, b) HEARTH_JOIN_INNER(a, b)

// TRY(expression of type Result<T>) is the T, or returns the error from the enclosing function.
#define TRY(...) HEARTH_TRY_NAMED(HEARTH_JOIN(try_result_, __COUNTER__), __VA_ARGS__)
#define HEARTH_TRY_NAMED(result, ...)                                         \
  __extension__({                                                             \
    auto&& result = (__VA_ARGS__);                                            \
    if (!result) [[unlikely]]                                                 \
      return std::unexpected(std::forward<decltype(result)>(result).error()); \
    *std::forward<decltype(result)>(result);                                  \
  })
