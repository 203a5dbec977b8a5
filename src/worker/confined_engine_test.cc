// SPDX-License-Identifier: Apache-2.0
//
// The whole engine inside the walls: what it answers there is what it answers outside.
#include <fcntl.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/test_support.h"
#include "engine/engine.h"
#include "worker/host_facts.h"
#include "worker/run_confined.h"

namespace hearth::worker {
namespace {

using engine::EventQueue;
using testing::HasSubstr;

std::string tiny_path() {
  return std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/tiny-llama-q8_0.gguf";
}

// What a session of the engine has to say, as one text that can be compared.
struct Told {
  std::string text;
  bool is_over = false;

  void hear(const engine::Event& event) {
    if (const auto* loaded = std::get_if<engine::LoadedEvent>(&event.what))
      text += fmt::format("loaded {} n_ctx {} weights {}\n", loaded->architecture, loaded->n_ctx,
                          loaded->weights);
    if (const auto* started = std::get_if<engine::StartedEvent>(&event.what))
      text += fmt::format("started {}\n", started->n_prompt);
    if (const auto* piece = std::get_if<engine::TextEvent>(&event.what))
      text += fmt::format("{}", fmt::join(piece->tokens, " ")) + "\n";
    if (std::get_if<engine::FinishedEvent>(&event.what) != nullptr) text += "finished\n";
    if (const auto* failed = std::get_if<engine::FailedEvent>(&event.what))
      text += fmt::format("{}: {}\n", name_of(failed->error.code), failed->error.message);
    is_over = std::holds_alternative<engine::LoadedEvent>(event.what) ||
              std::holds_alternative<engine::FinishedEvent>(event.what) ||
              std::holds_alternative<engine::FailedEvent>(event.what);
  }
};

std::string all_of(EventQueue& events) {
  Told told;
  while (!told.is_over) {
    const auto event = events.pop();
    if (!event) break;
    told.hear(*event);
  }
  return told.text;
}

struct Case {
  const char* name;
  model::LoadMode mode;
  unsigned n_threads;
};

engine::LoadOptions options_of(const Case& wanted) {
  engine::LoadOptions load;
  load.n_ctx = 256;
  load.n_sequences = 2;
  load.n_ubatch = 32;
  load.load_mode = wanted.mode;
  // Confined, neither of these can be looked up.
  const HostFacts facts = read_host_facts();
  load.available_memory = facts.available_memory;
  load.crews = model::CpuCrews{.single = {.n_workers = wanted.n_threads},
                               .batch = {.n_workers = wanted.n_threads},
                               .n_cpus = facts.n_cpus};
  // Each of these wants something of the system: the clock, the time zone, the size of the stack.
  load.chat_template =
      "{{ strftime_now('%Y') | length }}{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{% endif %}x"
      "{% endmacro %}{{ f(9) }}{% for m in messages %}{{ m.content }}{% endfor %}";
  return load;
}

engine::Request request_of(engine::RequestId id, engine::Prompt prompt, std::int32_t max_tokens) {
  engine::Request request;
  request.id = id;
  request.prompt = std::move(prompt);
  request.sampling.temp = 0;
  request.max_tokens = max_tokens;
  request.ignore_end = true;
  return request;
}

// A confined child takes over the descriptor that its parent opened: it ends by _exit(), so that
// nobody there closes it twice.
UniqueFd take(const UniqueFd& fd) {
  return UniqueFd(fd.get());
}

std::vector<format::NamedFd> shards_of(UniqueFd fd, const char* name = "tiny.gguf") {
  std::vector<format::NamedFd> shards;
  shards.push_back({std::move(fd), name});
  return shards;
}

// Loads and answers three prompts at once, of every kind there is.
std::string session(UniqueFd model, const engine::LoadOptions& options) {
  auto load_events = std::make_shared<EventQueue>(1024);
  engine::Engine engine(shards_of(std::move(model)), options, load_events);
  std::vector<std::shared_ptr<EventQueue>> answers;
  const engine::Prompt prompts[] = {
      engine::TextPrompt{"once upon a time"},
      engine::ChatPrompt{R"({"messages": [{"role": "user", "content": "tell me"}]})"},
      engine::TokenPrompt{{17, 24, 31, 38, 45, 52, 59, 66, 73}}};
  for (const engine::Prompt& prompt : prompts) {
    answers.push_back(std::make_shared<EventQueue>(1024));
    engine.submit(request_of(answers.size(), prompt, 40), answers.back());
  }
  std::string text = all_of(*load_events);
  for (const auto& events : answers) text += all_of(*events);
  return text;
}

int n_finished(std::string_view text) {
  int n = 0;
  for (std::size_t at = text.find("finished"); at != text.npos; at = text.find("finished", at + 1))
    ++n;
  return n;
}

Result<std::string> confined(const std::function<Result<std::string>()>& work,
                             bool uses_landlock = true) {
  return run_confined(
      {.about = "tiny.gguf", .work = [&](const ConfinedPlace&) { return work(); }, .seconds = 60},
      {.uses_landlock = uses_landlock});
}

class ConfinedEngineTest : public testing::TestWithParam<Case> {};

TEST_P(ConfinedEngineTest, AnswersAsOutside) {
  const UniqueFd fd = open_for_read(tiny_path()).value();
  const engine::LoadOptions options = options_of(GetParam());
  const std::string outside = session(open_for_read(tiny_path()).value(), options);
  EXPECT_EQ(n_finished(outside), 3) << outside;
  for (const bool uses_landlock : {false, true}) {
    const auto inside = confined(
        [&]() -> Result<std::string> { return session(take(fd), options); }, uses_landlock);
    ASSERT_TRUE(inside.has_value()) << inside.error().message;
    EXPECT_EQ(*inside, outside);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ConfinedEngineTest,
                         testing::Values(Case{"Automatic", model::LoadMode::automatic, 2},
                                         Case{"None", model::LoadMode::none, 1},
                                         Case{"Mmap", model::LoadMode::mmap, 4},
                                         Case{"Mlock", model::LoadMode::mlock, 2},
                                         Case{"MmapMlock", model::LoadMode::mmap_mlock, 2},
                                         Case{"Dio", model::LoadMode::dio, 2}),
                         [](const auto& instance) { return instance.param.name; });

TEST(ConfinedEngine, WritesAndReadsAPreparedCopyByDescriptors) {
  const test::TempDir dir;
  const UniqueFd fd = open_for_read(tiny_path()).value();
  engine::LoadOptions options = options_of({"", model::LoadMode::automatic, 2});
  const std::string outside = session(open_for_read(tiny_path()).value(), options);
  options.prepared.key = std::string(64, 'a');
  options.prepared.into = std::make_shared<const UniqueFd>(
      ::open(dir.file("copy").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  const auto writes = [&]() -> Result<std::string> { return session(take(fd), options); };
  const auto written = confined(writes);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  if (outside.find("as in the file") != std::string::npos)
    GTEST_SKIP() << "no table of kernels here wants panels";
  EXPECT_THAT(*written, HasSubstr("copy written"));
  options.prepared.into = nullptr;
  options.prepared.from = std::make_shared<const UniqueFd>(open_for_read(dir.file("copy")).value());
  for (const auto& [mode, how] :
       {std::pair(model::LoadMode::mmap, "mapped"), std::pair(model::LoadMode::none, "read")}) {
    options.load_mode = mode;
    const auto read = confined(writes);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_THAT(*read, HasSubstr(std::string("prepared copy, ") + how));
    EXPECT_EQ(read->substr(read->find('\n')), outside.substr(outside.find('\n')));
  }
}

TEST(ConfinedEngine, CancelsAndChangesItsThreads) {
  const UniqueFd fd = open_for_read(tiny_path()).value();
  const engine::LoadOptions options = options_of({"", model::LoadMode::automatic, 1});
  const auto told = confined([&]() -> Result<std::string> {
    engine::Engine engine(shards_of(take(fd)), options, std::make_shared<EventQueue>(1024));
    const auto events = std::make_shared<EventQueue>(1);
    engine.submit(request_of(1, engine::TextPrompt{"go on"}, 200), events);
    engine.lease({.n_threads = 1, .first_place = 1});
    Told heard;
    for (auto event = events->pop(); event; event = events->pop()) {
      heard.hear(*event);
      if (std::holds_alternative<engine::TextEvent>(event->what)) engine.cancel(1);
      if (heard.is_over) break;
    }
    return heard.text;
  });
  ASSERT_TRUE(told.has_value()) << told.error().message;
  EXPECT_THAT(*told, HasSubstr("cancelled: "));
}

TEST(ConfinedEngine, ABrokenFileGivesItsError) {
  const test::TempDir dir;
  const std::string whole = read_file(tiny_path(), std::size_t{1} << 24).value();
  const std::string path = dir.write("broken.gguf", whole.substr(0, whole.size() / 2));
  const UniqueFd fd = open_for_read(path).value();
  const engine::LoadOptions options = options_of({"", model::LoadMode::automatic, 1});
  const auto work = [&]() -> Result<std::string> {
    const auto model = TRY(engine::LoadedModel::load(shards_of(take(fd), "broken.gguf"), options));
    return model->describe_weights();
  };
  const auto loaded = confined(work);
  ASSERT_FALSE(loaded.has_value()) << *loaded;
  EXPECT_EQ(loaded.error().code, ErrorCode::integrity);
  EXPECT_THAT(loaded.error().message, HasSubstr("broken.gguf"));
}

}  // namespace
}  // namespace hearth::worker
