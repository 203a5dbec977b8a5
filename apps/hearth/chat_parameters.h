// SPDX-License-Identifier: Apache-2.0
//
// What /set parameter changes: the sampling and the limits of the requests to come, on top of the
// model's defaults and the flags of the command line.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "engine/request.h"
#include "sampling_options.h"

namespace hearth::app {

class ChatParameters {
 public:
  // flags and request as the command line has them; defaults are the model's.
  ChatParameters(SamplingOptions flags, sample::SamplingParams defaults, engine::Request request);

  // Sets one by Ollama's name or that of a flag (temperature, top_k, seed, num_predict, stop...).
  // usage, and no change, for a name there is not or a value that makes no sense.
  Result<void> set(const std::string& name, const std::string& value);
  // All at once, in place of what was set before; none of them on failure.
  Result<void> replace(const std::map<std::string, std::string>& parameters);

  // As they were set in the chat.
  const std::map<std::string, std::string>& set_here() const { return set_here_; }
  // "temperature       0.8" and so on for people, those set here marked.
  std::string to_text() const;
  // A request without id and prompt.
  const engine::Request& request() const { return request_; }

 private:
  SamplingOptions sampling_;
  sample::SamplingParams defaults_;
  engine::Request request_;
  std::map<std::string, std::string> set_here_;
  // What replace() starts from.
  SamplingOptions first_sampling_;
  engine::Request first_request_;
};

}  // namespace hearth::app
