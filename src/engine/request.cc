// SPDX-License-Identifier: Apache-2.0
#include "engine/request.h"

namespace hearth::engine {

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::end_of_generation:
      return "end";
    case FinishReason::stop_text:
      return "stop";
    case FinishReason::max_tokens:
      return "length";
    case FinishReason::context_full:
      return "context_full";
  }
  return "end";
}

}  // namespace hearth::engine
