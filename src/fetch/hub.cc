// SPDX-License-Identifier: Apache-2.0
#include "fetch/hub.h"

#include <cstdlib>
#include <optional>

#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"

namespace hearth::fetch {
namespace {

constexpr std::size_t kMaxAnswerBytes = 16 << 20;
constexpr std::size_t kMaxFiles = 20'000;
constexpr std::size_t kMaxPathBytes = 512;
constexpr std::string_view kHubOrigins[] = {"https://huggingface.co", "https://hf.co",
                                            "http://huggingface.co", "http://hf.co"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_member(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

std::uint64_t count_member(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

// A path that stays inside its repository.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.front() == '/') return false;
  while (true) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string percent_encoded(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      text.push_back(c);
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

Result<HubFile> parse_file(const Json& entry, const std::string& id) {
  HubFile file{.path = text_member(entry, "rfilename"), .bytes = count_member(entry, "size")};
  if (!is_plain_path(file.path))
    return fail(ErrorCode::integrity, "{}: the hub lists a file with the name '{}'", id,
                printable(file.path, 100));
  if (const Json* lfs = member(entry, "lfs"); lfs != nullptr) {
    if (const std::string hash = text_member(*lfs, "sha256"); is_sha256_hex(hash))
      file.sha256 = to_lower_hex(hash);
    if (const std::uint64_t bytes = count_member(*lfs, "size"); bytes != 0) file.bytes = bytes;
  }
  return file;
}

}  // namespace

Result<HubAccess> hub_access_from_environment() {
  HubAccess access;
  if (std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!same_origin(endpoint, endpoint) ||
        !(endpoint.starts_with("https://") || endpoint.starts_with("http://")))
      return fail(ErrorCode::usage, "HF_ENDPOINT: '{}' is no http or https address",
                  printable(endpoint, 200));
    access.endpoint = std::move(endpoint);
  }
  access.token = variable("HF_TOKEN");
  const std::string offline = variable("HF_HUB_OFFLINE");
  for (const char* yes : {"1", "true", "TRUE", "True", "yes", "YES", "on", "ON"})
    access.offline = access.offline || offline == yes;
  return access;
}

Result<HubRepo> parse_repo(std::string_view json_text, const std::string& id) {
  const auto json = parse_json(json_text, {.max_bytes = kMaxAnswerBytes, .max_depth = 32});
  const Json* siblings = json ? member(*json, "siblings") : nullptr;
  if (siblings == nullptr || !siblings->is_array())
    return fail(ErrorCode::integrity, "{}: the hub's answer is not a list of files", id);
  if (siblings->size() > kMaxFiles)
    return fail(ErrorCode::does_not_fit, "{}: a repository of {} files is too large", id,
                siblings->size());
  HubRepo repo{.id = id, .revision = text_member(*json, "sha")};
  if (!is_commit(repo.revision)) repo.revision = "main";
  if (const Json* card = member(*json, "cardData"); card != nullptr)
    repo.licence = text_member(*card, "license");
  for (const Json& entry : *siblings) repo.files.push_back(TRY(parse_file(entry, id)));
  return repo;
}

Result<HubRepo> read_repo(HttpClient& client, const HubAccess& access, const std::string& id,
                          const RetryPolicy& retry, const std::stop_token& stop) {
  const HttpRequest request{.url = fmt::format("{}/api/models/{}?blobs=true", access.endpoint, id),
                            .token = access.token};
  return parse_repo(TRY(get_text(client, request, kMaxAnswerBytes, retry, stop)), id);
}

std::string file_url(const HubAccess& access, const HubRepo& repo, std::string_view path) {
  return fmt::format("{}/{}/resolve/{}/{}", access.endpoint, repo.id, repo.revision,
                     percent_encoded(path));
}

std::string at_endpoint(const HubAccess& access, const std::string& url) {
  for (const std::string_view origin : kHubOrigins)
    if (same_origin(url, origin)) {
      const auto path = url.find('/', url.find("://") + 3);
      return access.endpoint + (path == std::string::npos ? "" : url.substr(path));
    }
  return url;
}

std::string token_for(const HubAccess& access, const std::string& url) {
  return same_origin(url, access.endpoint) ? access.token : "";
}

}  // namespace hearth::fetch
