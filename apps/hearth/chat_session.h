// SPDX-License-Identifier: Apache-2.0
//
// A conversation as it can be saved and taken up again: plain values, and their form as JSON:
//
//   {"hearth_chat": 1, "model": "smollm2", "system": "Be brief.", "parameters": {"seed": "7"},
//    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
//
// An answer is kept as the model wrote it, its reasoning included: what of it the model sees again
// is the template's business.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace hearth::app {

struct ChatTurn {
  enum class Role : std::uint8_t { user, assistant };
  Role role = Role::user;
  std::string content;
  bool operator==(const ChatTurn&) const = default;
};

struct ChatSession {
  std::string model;                              // as the user called it
  std::string system;                             // empty: the template's own
  std::map<std::string, std::string> parameters;  // set in the chat, as typed
  std::vector<ChatTurn> turns;  // users' and the assistant's in turn, from the user's
  bool operator==(const ChatSession&) const = default;

  // Whether the last message still wants an answer.
  bool is_open() const { return !turns.empty() && turns.back().role == ChatTurn::Role::user; }
};

// The list of messages that a chat template takes.
Json to_messages(const ChatSession& session);

Json to_json(const ChatSession& session);
// usage, with what is wrong, for what to_json cannot have written; unsupported for a later version.
Result<ChatSession> parse_session(std::string_view text);

// Where a session of this name is kept: a path (it has a slash or ends in .json) is itself.
Result<std::string> session_path(const std::string& name);

// Replaces a file whole or not at all; readable by its owner alone.
Result<void> save_session(const ChatSession& session, const std::string& path);
Result<ChatSession> load_session(const std::string& path);

}  // namespace hearth::app
