// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cstring>

namespace hearth {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::failed:
      return "failed";
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::integrity:
      return "integrity";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::does_not_fit:
      return "does_not_fit";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::io:
      return "io";
  }
  return "failed";
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return 2;
    case ErrorCode::not_found:
      return 3;
    case ErrorCode::integrity:
    case ErrorCode::unsupported:
      return 4;
    case ErrorCode::does_not_fit:
      return 5;
    case ErrorCode::cancelled:
      return 130;
    case ErrorCode::failed:
    case ErrorCode::io:
      return 1;
  }
  return 1;
}

std::string errno_text(int error_number) {
  char buffer[256];
  return strerror_r(error_number, buffer, sizeof(buffer));  // the GNU form returns the text
}

}  // namespace hearth
