// SPDX-License-Identifier: Apache-2.0
#include "traffic/prompts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "traffic/random.h"

namespace hearth::traffic {
namespace {

// Short and frequent: most tokenizers have one token for each, with the blank before it.
constexpr std::string_view kWords[] = {
    "time",     "year",   "people", "way",       "day",    "man",      "thing",  "woman",
    "life",     "child",  "world",  "school",    "state",  "family",   "group",  "country",
    "hand",     "part",   "place",  "case",      "week",   "company",  "system", "program",
    "question", "work",   "number", "night",     "point",  "home",     "water",  "room",
    "mother",   "area",   "money",  "story",     "fact",   "month",    "lot",    "right",
    "study",    "book",   "eye",    "job",       "word",   "business", "issue",  "side",
    "kind",     "head",   "house",  "service",   "friend", "father",   "power",  "hour",
    "game",     "line",   "end",    "member",    "law",    "car",      "city",   "name",
    "team",     "minute", "idea",   "kid",       "body",   "back",     "face",   "door",
    "reason",   "art",    "war",    "history",   "party",  "result",   "change", "morning",
    "person",   "air",    "force",  "foot",      "age",    "policy",   "music",  "market",
    "sense",    "nation", "plan",   "college",   "death",  "effect",   "class",  "field",
    "role",     "effort", "rate",   "heart",     "light",  "voice",    "wife",   "police",
    "mind",     "price",  "report", "son",       "view",   "value",    "early",  "great",
    "small",    "large",  "young",  "different", "black",  "white",    "public", "bad",
    "good",     "new",    "first",  "last",      "long",   "little",   "own",    "other",
    "old",      "high",   "big",    "next",      "few",    "same",     "able",   "open",
    "free",     "full",   "best",   "better",    "find",   "give",     "tell",   "ask",
    "seem",     "feel",   "try",    "leave",     "call",   "keep",     "let",    "begin",
    "help",     "talk",   "turn",   "start",     "show",   "hear",     "play",   "run",
    "move",     "like",   "live",   "believe",   "hold",   "bring",    "happen", "write",
    "sit",      "stand",  "lose",   "pay",       "meet",   "include",  "set",    "learn",
    "lead",     "watch",  "follow", "stop",      "create", "speak",    "read",   "allow",
    "add",      "spend",  "grow",   "walk",      "win",    "offer"};

// Numbers next to each other must not give sequences that begin alike; splitmix64's finaliser
// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
std::uint64_t mix(std::uint64_t seed, std::uint64_t number) {
  std::uint64_t z = seed + (number + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kSharedNumber = ~std::uint64_t{0} - 1;

}  // namespace

TokenRule TokenRule::through(std::uint32_t words_a, std::uint32_t tokens_a, std::uint32_t words_b,
                             std::uint32_t tokens_b) {
  TokenRule rule;
  if (words_b <= words_a || tokens_b <= tokens_a) return rule;
  rule.per_word = (double{1} * tokens_b - tokens_a) / (double{1} * words_b - words_a);
  rule.fixed = std::max(0.0, tokens_a - rule.per_word * words_a);
  return rule;
}

std::uint32_t TokenRule::words_for(double n_tokens) const {
  return static_cast<std::uint32_t>(std::max(1.0, std::round((n_tokens - fixed) / per_word)));
}

Prompts::Prompts(std::uint64_t seed, TokenRule rule, std::uint32_t n_shared)
    : seed_(seed), rule_(rule) {
  if (n_shared == 0) return;
  const TokenRule words_alone{.fixed = 0, .per_word = rule.per_word};
  shared_ = random_words(mix(seed, kSharedNumber), words_alone.words_for(n_shared)) + " ";
}

std::string Prompts::text(std::uint64_t number, std::uint32_t n_tokens) const {
  return shared_ + random_words(mix(seed_, number), rule_.words_for(n_tokens));
}

std::string random_words(std::uint64_t seed, std::uint32_t n) {
  Random random(seed);
  std::string text;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (i > 0) text += ' ';
    text += kWords[random.below(std::size(kWords))];
  }
  return text;
}

}  // namespace hearth::traffic
