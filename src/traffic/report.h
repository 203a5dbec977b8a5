// SPDX-License-Identifier: Apache-2.0
//
// What a run tells, under the names of `vllm bench serve`: one JSON object, and the table that is
// made from it. Only requests that were answered to their end count in times and tokens.
//
//   TTFT  from sending to the first event that brings text
//   ITL   between two events that bring text, of all requests together. A server may put several
//         tokens into one event: tokens_per_event says how many, and TPOT is per token all the same
//   TPOT  of a request: (E2E - TTFT) / (its tokens - 1)
//         median_stream_throughput is what its median means in tokens a second
//   E2E   from sending to the last event ("e2el")
#pragma once

#include <optional>
#include <string>

#include "base/json_fwd.h"
#include "traffic/run.h"

namespace hearth::traffic {

// Limits in milliseconds that a good request keeps; none: not looked at. itl is its longest pause.
struct Goodput {
  std::optional<double> ttft, tpot, itl, e2el;
  bool is_asked() const { return ttft || tpot || itl || e2el; }
};

// With details: each request's lengths and times ("input_lens", "output_lens", "ttfts", "itls").
Json make_report(const RunOptions& options, const RunResult& result, const Goodput& goodput,
                 bool with_details);

// For people, in lines of Markdown.
std::string report_table(const Json& report);

}  // namespace hearth::traffic
