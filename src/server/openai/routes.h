// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's routes over the models that are served: /v1/chat/completions, /v1/completions and
// /v1/models, which llama.cpp's clients also know without /v1, and /v1/embeddings.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "server/models.h"
#include "server/openai/answer_json.h"
#include "server/router.h"

namespace hearth::server {

struct ApiSettings {
  std::string fingerprint;  // of this build, for answers
  std::chrono::milliseconds ping_interval{15'000};
};

// The models and settings outlive the routes.
std::vector<Route> openai_routes(Models& models, const ApiSettings& settings);

Task<void> answer_chat(Models& models, const ApiSettings& settings, Call& call);
Task<void> answer_completion(Models& models, const ApiSettings& settings, Call& call);
Task<void> answer_embeddings(Models& models, Call& call);

// What keys share and do not: never a past, and equal parts of the machine.
std::uint64_t number_of_key(const std::string& key_id);

AnswerHead begin_answer(const Call& call, const ServedModel& model, const ApiSettings& settings,
                        std::string_view prefix);
void send_error(ResponseWriter& writer, const ApiError& error);
void send_json(ResponseWriter& writer, const Json& json);

}  // namespace hearth::server
