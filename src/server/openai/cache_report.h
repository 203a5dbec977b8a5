// SPDX-License-Identifier: Apache-2.0
//
// Tells whoever runs the server that a client spoils its own prefix cache: it sends a conversation
// again, but with something changed near the beginning (a time of day, a dropped turn), and all
// that stands behind the change is read anew. Conversations that only begin alike are no such
// thing and leave no line.
#pragma once

#include <string_view>

#include "server/models.h"

namespace hearth::server {

// Where an event says that 128 tokens or more were lost in this way: counts it, and writes
// "prefix_cache_broken" to the model's log: positions, counts and the kind of change, never a token
// or a text.
void report_cache(const ServedModel& model, std::string_view request_id,
                  const wire::ToFront& event);

}  // namespace hearth::server
