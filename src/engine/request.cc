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

std::string_view name_of(CacheStop stop) {
  switch (stop) {
    case CacheStop::nothing_alike:
      return "nothing_alike";
    case CacheStop::whole_prompt:
      return "whole_prompt";
    case CacheStop::end_of_past:
      return "end_of_past";
    case CacheStop::other_token:
      return "other_token";
    case CacheStop::not_asked:
      return "not_asked";
  }
  return "nothing_alike";
}

}  // namespace hearth::engine
