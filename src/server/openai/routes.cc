// SPDX-License-Identifier: Apache-2.0
#include "server/openai/routes.h"

#include <cstring>
#include <ctime>

#include "base/json.h"
#include "base/sha256.h"
#include "server/openai/answer_json.h"

namespace hearth::server {
namespace {

Json model_json(const ServedModel& model) {
  const WorkerFacts facts = model.worker->facts();
  Json meta = Json::object();
  if (facts.state == WorkerState::ready)
    meta = {{"n_ctx", facts.loaded.n_ctx},       {"n_ctx_train", facts.loaded.n_ctx_trained},
            {"n_vocab", facts.loaded.n_vocab},   {"n_embd", facts.loaded.n_embd},
            {"n_params", facts.loaded.n_params}, {"size", facts.loaded.weight_bytes}};
  return {{"id", model.id},           {"object", "model"},
          {"created", model.created}, {"owned_by", "hearth"},
          {"aliases", model.aliases}, {"status", {{"value", name_of(facts.state)}}},
          {"meta", std::move(meta)}};
}

Task<void> list_models(Models& models, Call& call) {
  Json list = Json::array();
  for (const ServedModel* model : models.seen_by(call)) list.push_back(model_json(*model));
  send_json(call.writer, {{"object", "list"}, {"data", std::move(list)}});
  co_return;
}

Task<void> show_model(Models& models, Call& call) {
  const auto model = models.find(call, call.param("model"));
  if (model)
    send_json(call.writer, model_json(**model));
  else
    send_error(call.writer, model.error());
  co_return;
}

}  // namespace

std::uint64_t number_of_key(const std::string& key_id) {
  if (key_id.empty()) return 0;
  Sha256 hash;
  hash.update(std::as_bytes(std::span(key_id)));
  const std::string digest = hash.finish_hex();
  return std::stoull(digest.substr(0, 15), nullptr, 16) + 1;
}

AnswerHead begin_answer(const Call& call, const ServedModel& model, const ApiSettings& settings,
                        std::string_view prefix) {
  return {.id = std::string(prefix) + call.request.id,
          .model = model.id,
          .created = static_cast<std::int64_t>(std::time(nullptr)),
          .fingerprint = settings.fingerprint};
}

void send_error(ResponseWriter& writer, const ApiError& error) {
  writer.send(to_response(error));
}

void send_json(ResponseWriter& writer, const Json& json) {
  writer.send({.body = to_json_text(json)});
}

std::vector<Route> openai_routes(Models& models, const ApiSettings& settings) {
  const auto chat = [&](Call& call) { return answer_chat(models, settings, call); };
  const auto completion = [&](Call& call) { return answer_completion(models, settings, call); };
  const auto embeddings = [&](Call& call) { return answer_embeddings(models, call); };
  const auto list = [&](Call& call) { return list_models(models, call); };
  const auto show = [&](Call& call) { return show_model(models, call); };
  using enum Method;
  return {
      {post, "/v1/chat/completions", Scope::infer, chat, "answer a conversation"},
      {post, "/chat/completions", Scope::infer, chat, "the same"},
      {post, "/v1/completions", Scope::infer, completion, "continue a text"},
      {post, "/completions", Scope::infer, completion, "the same"},
      {post, "/v1/embeddings", Scope::infer, embeddings, "texts as vectors"},
      {get, "/v1/models", Scope::infer, list, "the models that are served"},
      {get, "/models", Scope::infer, list, "the same"},
      {get, "/v1/models/{model*}", Scope::infer, show, "one of them"},
  };
}

}  // namespace hearth::server
