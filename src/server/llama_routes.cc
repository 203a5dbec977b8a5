// SPDX-License-Identifier: Apache-2.0
#include "server/llama_routes.h"

#include <algorithm>

#include "base/json.h"
#include "server/body.h"
#include "server/openai/chat_request.h"
#include "server/openai/run_answers.h"

namespace hearth::server {
namespace {

constexpr Field kTokenizeFields[] = {
    {.name = "model", .types = kString},
    {.name = "content", .types = kString, .is_required = true},
    {.name = "add_special", .types = kBoolean, .note = "with the tokens that begin and end a text"},
    {.name = "parse_special", .types = kBoolean, .note = "marks in the text are control tokens"},
    {.name = "with_pieces", .types = kBoolean},
};
constexpr Field kDetokenizeFields[] = {
    {.name = "model", .types = kString},
    {.name = "tokens", .types = kArray, .is_required = true, .max_size = 1'000'000},
};

bool flag(const Json& body, std::string_view name, bool otherwise) {
  const Json* value = member(body, name);
  return value == nullptr ? otherwise : value->get<bool>();
}

// A checked body and the model it asks for.
struct Asked {
  Json body;
  ServedModel* model;
};
std::expected<Asked, ApiError> read_asked(Models& models, const Call& call,
                                          std::span<const Field> fields) {
  auto body = read_body(call.request);
  if (!body) return std::unexpected(std::move(body.error()));
  if (auto error = check_fields(*body, fields, UnknownFields::refuse))
    return std::unexpected(std::move(*error));
  const Json* name = member(*body, "model");
  const auto model = models.find_ready(call, name == nullptr ? "" : name->get<std::string>());
  if (!model) return std::unexpected(model.error());
  return Asked{std::move(*body), *model};
}

// 200 when every model can answer, and nothing else: this route needs no key.
Task<void> health(Models& models, Call& call) {
  for (const ServedModel* const model : models.seen_by(call)) {
    const WorkerState state = model->worker->facts().state;
    if (state == WorkerState::ready) continue;
    const bool is_coming = state == WorkerState::starting || state == WorkerState::loading;
    co_return send_error(call.writer,
                         {is_coming ? ApiErrorKind::loading : ApiErrorKind::model_broken,
                          is_coming ? "a model is being loaded" : "a model cannot be served",
                          "",
                          {}});
  }
  send_json(call.writer, {{"status", "ok"}});
}

Json props_of(const ServedModel& model, const ApiSettings& settings) {
  const WorkerFacts facts = model.worker->facts();
  const wire::Loaded& loaded = facts.loaded;
  Json json = {{"model_alias", model.id},
               {"status", name_of(facts.state)},
               {"build_info", settings.fingerprint},
               {"n_restarts", facts.n_restarts}};
  if (!facts.reason.empty()) json["reason"] = facts.reason;
  if (facts.state != WorkerState::ready) {
    if (facts.progress.total_bytes > 0)
      json["progress"] = {{"done_bytes", facts.progress.done_bytes},
                          {"total_bytes", facts.progress.total_bytes}};
    return json;
  }
  json["model_name"] = loaded.name;
  json["architecture"] = loaded.architecture;
  json["chat_template"] = loaded.chat_template;
  json["confinement"] = loaded.confinement;
  json["weights"] = loaded.weights;
  if (!loaded.notice.empty()) json["notice"] = loaded.notice;
  const auto defaults = parse_json(loaded.sampling_json);
  json["default_generation_settings"] = {{"n_ctx", loaded.n_ctx},
                                         {"params", defaults ? *defaults : Json::object()}};
  return json;
}

Task<void> props(Models& models, const ApiSettings& settings, Call& call) {
  const std::vector<ServedModel*> seen = models.seen_by(call);
  if (seen.size() == 1) co_return send_json(call.writer, props_of(*seen.front(), settings));
  Json list = Json::array();
  for (const ServedModel* const model : seen) list.push_back(props_of(*model, settings));
  send_json(call.writer, {{"models", std::move(list)}});
}

// There are no fixed slots: what is running and what waits, and the cache they share.
Task<void> slots(Models& models, Call& call) {
  Json list = Json::array();
  for (const ServedModel* const model : models.seen_by(call)) {
    const WorkerFacts facts = model->worker->facts();
    list.push_back({{"model", model->id},
                    {"n_requests", facts.n_requests},
                    {"n_running", facts.status.n_running},
                    {"n_waiting", facts.status.n_waiting},
                    {"kv_blocks_used", facts.status.kv_blocks_used},
                    {"kv_blocks", facts.status.kv_blocks}});
  }
  send_json(call.writer, list);
  co_return;
}

Task<void> tokenize(Models& models, Call& call) {
  const auto asked = read_asked(models, call, kTokenizeFields);
  if (!asked) co_return send_error(call.writer, asked.error());
  const bool with_pieces = flag(asked->body, "with_pieces", false);
  wire::Tokenize question;
  question.text = asked->body.at("content").get<std::string>();
  question.add_special = flag(asked->body, "add_special", false);
  question.parse_special = flag(asked->body, "parse_special", true);
  question.with_pieces = with_pieces;
  const auto tokens =
      co_await ask_worker<wire::Tokens>(call.writer, *asked->model->worker, std::move(question));
  if (!tokens) co_return send_error(call.writer, tokens.error());
  Json list = Json::array();
  for (std::size_t i = 0; i < tokens->ids.size(); ++i) {
    if (with_pieces && i < tokens->pieces.size())
      list.push_back({{"id", tokens->ids[i]}, {"piece", tokens->pieces[i]}});
    else
      list.push_back(tokens->ids[i]);
  }
  send_json(call.writer, {{"tokens", std::move(list)}});
}

Task<void> detokenize(Models& models, Call& call) {
  const auto asked = read_asked(models, call, kDetokenizeFields);
  if (!asked) co_return send_error(call.writer, asked.error());
  wire::Detokenize message;
  for (const Json& id : asked->body.at("tokens")) {
    const bool fits = id.is_number_integer() && id.get<std::int64_t>() >= 0 &&
                      id.get<std::int64_t>() <= std::numeric_limits<wire::TokenId>::max();
    if (!fits)
      co_return send_error(
          call.writer,
          {ApiErrorKind::bad_request, "tokens must be whole numbers from 0 on", "tokens", {}});
    message.ids.push_back(id.get<wire::TokenId>());
  }
  const auto text =
      co_await ask_worker<wire::Rendered>(call.writer, *asked->model->worker, std::move(message));
  if (!text) co_return send_error(call.writer, text.error());
  send_json(call.writer, {{"content", text->text}});
}

Task<void> apply_template(Models& models, Call& call) {
  const auto asked = read_asked(models, call, chat_fields());
  if (!asked) co_return send_error(call.writer, asked.error());
  const auto variables = chat_variables(asked->body, asked->model->worker->facts().loaded.thinking);
  if (!variables) co_return send_error(call.writer, variables.error());
  wire::ApplyTemplate question;
  question.variables_json = to_json_text(*variables);
  const auto text =
      co_await ask_worker<wire::Rendered>(call.writer, *asked->model->worker, std::move(question));
  if (!text) co_return send_error(call.writer, text.error());
  send_json(call.writer, {{"prompt", text->text}});
}

// Of the models that this caller may ask, and of all requests together.
Task<void> show_metrics(Models& models, const Metrics& metrics, Call& call) {
  std::vector<std::string> hidden;
  const std::vector<ServedModel*> seen = models.seen_by(call);
  for (const ServedModel& model : models.all())
    if (std::ranges::find(seen, &model) == seen.end()) hidden.push_back(model.id);
  for (const ServedModel* const model : seen) refresh_metrics(*model);
  call.writer.send({.content_type = std::string(Metrics::kContentType),
                    .body = metrics.text({.label = "model_name", .hidden = hidden})});
  co_return;
}

}  // namespace

std::vector<Route> llama_routes(Models& models, const ApiSettings& settings, Metrics& metrics) {
  using enum Method;
  const auto with_models = [&](Task<void> (*handler)(Models&, Call&)) {
    return [handler, &models](Call& call) { return handler(models, call); };
  };
  return {
      {get, "/health", Scope::open, with_models(health), "whether every model can answer"},
      {get, "/v1/health", Scope::open, with_models(health), "the same"},
      {get, "/props", Scope::observe, [&](Call& call) { return props(models, settings, call); },
       "what is known of the model"},
      {get, "/slots", Scope::observe, with_models(slots), "what is running and what waits"},
      {get, "/metrics", Scope::observe,
       [&](Call& call) { return show_metrics(models, metrics, call); }, "for Prometheus"},
      {post, "/tokenize", Scope::infer, with_models(tokenize), "a text as token ids"},
      {post, "/detokenize", Scope::infer, with_models(detokenize), "token ids as a text"},
      {post, "/apply-template", Scope::infer, with_models(apply_template),
       "messages as the text that the model gets"},
  };
}

}  // namespace hearth::server
