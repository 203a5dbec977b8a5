// SPDX-License-Identifier: Apache-2.0
//
// The Hugging Face hub, as far as fetching a model needs it: what files a repository has, which of
// them a quantisation means, and where they are. Its answers are not trusted: sizes, names and
// hashes are checked before they are used.
//
// Protocol: https://huggingface.co/docs/hub/api (GET /api/models/ORG/REPO?blobs=true) and
// /ORG/REPO/resolve/REVISION/PATH.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fetch/http.h"

namespace hearth::fetch {

// Where the hub is and who asks: HF_ENDPOINT (default https://huggingface.co), HF_TOKEN,
// HF_HUB_OFFLINE (any of 1, true, yes, on).
struct HubAccess {
  std::string endpoint = "https://huggingface.co";  // without a slash at the end
  std::string token;
  bool offline = false;
};

// usage if HF_ENDPOINT is no http or https address.
Result<HubAccess> hub_access_from_environment();

struct HubFile {
  std::string path;
  std::uint64_t bytes = 0;  // 0: not told
  std::string sha256;       // empty: not told (a file outside LFS)
};

struct HubRepo {
  std::string id;        // ORG/REPO, as the hub spells it
  std::string revision;  // the commit
  std::string licence;   // empty: not told
  std::vector<HubFile> files;
};

// not_found, failed: as HttpClient::get. integrity if the answer is not what the protocol says.
Result<HubRepo> read_repo(HttpClient& client, const HubAccess& access, const std::string& id,
                          const RetryPolicy& retry, const std::stop_token& stop);
Result<HubRepo> parse_repo(std::string_view json, const std::string& id);

// The files of one model, in shard order. `quant` is a quantisation ("q4_k_m", in any case) or the
// name of a file; empty means Q4_K_M or, where there is none, the first model by name. Projectors
// of vision models (mmproj) and importance matrices are no models. not_found lists what there is;
// integrity if shards are missing.
Result<std::vector<HubFile>> choose_files(const HubRepo& repo, std::string_view quant);

// The address of a file, at the commit that was listed.
std::string file_url(const HubAccess& access, const HubRepo& repo, std::string_view path);

// An address of the hub's own hosts as it is at the endpoint (a mirror); any other as it is.
std::string at_endpoint(const HubAccess& access, const std::string& url);

// The token if the address lies at the endpoint, and nothing for any other.
std::string token_for(const HubAccess& access, const std::string& url);

}  // namespace hearth::fetch
