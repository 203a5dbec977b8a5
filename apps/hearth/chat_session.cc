// SPDX-License-Identifier: Apache-2.0
#include "chat_session.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"
#include "output_file.h"
#include "state_folder.h"

namespace hearth::app {
namespace {

constexpr int kSessionVersion = 1;
constexpr std::size_t kMaxSessionBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxNameBytes = 100;
constexpr const char* kVersionKey = "hearth_chat";

const char* role_name(ChatTurn::Role role) {
  return role == ChatTurn::Role::user ? "user" : "assistant";
}

Json message(const char* role, const std::string& content) {
  Json object;
  object["role"] = role;
  object["content"] = to_valid_utf8(content);
  return object;
}

Result<std::string> text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    return fail(ErrorCode::usage, "\"{}\" is not a text", key);
  return found->get<std::string>();
}

Result<ChatTurn> parse_turn(const Json& object, std::size_t index) {
  // Users and the assistant take turns: anything else no template could be given.
  const auto role = index % 2 == 0 ? ChatTurn::Role::user : ChatTurn::Role::assistant;
  if (!object.is_object() || TRY(text_member(object, "role")) != role_name(role))
    return fail(ErrorCode::usage, "message {} is not one of the {}", index + 1, role_name(role));
  return ChatTurn {
    role, TRY(text_member(object, "content"))
  };
}

}  // namespace

Json to_messages(const ChatSession& session) {
  Json messages = Json::array();
  if (!session.system.empty()) messages.push_back(message("system", session.system));
  for (const ChatTurn& turn : session.turns)
    messages.push_back(message(role_name(turn.role), turn.content));
  return messages;
}

Json to_json(const ChatSession& session) {
  Json object;
  object[kVersionKey] = kSessionVersion;
  object["model"] = to_valid_utf8(session.model);
  object["system"] = to_valid_utf8(session.system);
  object["parameters"] = Json::object();
  for (const auto& [name, value] : session.parameters)
    object["parameters"][to_valid_utf8(name)] = to_valid_utf8(value);
  object["messages"] = Json::array();
  for (const ChatTurn& turn : session.turns)
    object["messages"].push_back(message(role_name(turn.role), turn.content));
  return object;
}

Result<ChatSession> parse_session(std::string_view text) {
  const Json object = TRY(parse_json(text, {.max_bytes = kMaxSessionBytes, .max_depth = 8}));
  const auto version = object.is_object() ? object.find(kVersionKey) : object.end();
  if (version == object.end() || !version->is_number_integer())
    return fail(ErrorCode::usage, "this is not a saved chat");
  if (*version != kSessionVersion)
    return fail(ErrorCode::unsupported, "a chat saved in form {}; this version reads form {}",
                to_json_text(*version), kSessionVersion);
  ChatSession session;
  session.model = TRY(text_member(object, "model"));
  session.system = TRY(text_member(object, "system"));
  const auto parameters = object.find("parameters");
  const auto messages = object.find("messages");
  if (parameters == object.end() || !parameters->is_object() || messages == object.end() ||
      !messages->is_array())
    return fail(ErrorCode::usage, "\"parameters\" or \"messages\" is missing or of another kind");
  for (const auto& [name, value] : parameters->items())
    session.parameters[name] = TRY(text_member(*parameters, name.c_str()));
  for (const Json& each : *messages)
    session.turns.push_back(TRY(parse_turn(each, session.turns.size())));
  return session;
}

Result<std::string> session_path(const std::string& name) {
  if (name.find('/') != std::string::npos || name.ends_with(".json")) return name;
  if (name.empty() || name.size() > kMaxNameBytes || name.starts_with('.') ||
      printable(name) != name)
    return fail(ErrorCode::usage, "'{}' cannot be the name of a chat", printable(name, 60));
  return TRY(state_folder())
  +"/chats/" + name + ".json";
}

Result<void> save_session(const ChatSession& session, const std::string& path) {
  TRY(make_private_folder_of(path));
  OutputFile file = TRY(OutputFile::create(path));
  if (::fchmod(file.fd(), 0600) != 0)
    return fail(ErrorCode::io, "{}: {}", printable(path), errno_text(errno));
  const std::string text = to_json_text(to_json(session), 1) + "\n";
  TRY(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

Result<ChatSession> load_session(const std::string& path) {
  auto session = parse_session(TRY(read_file(path, kMaxSessionBytes)));
  if (!session)
    return fail(session.error().code, "{}: {}", printable(path), session.error().message);
  return session;
}

}  // namespace hearth::app
