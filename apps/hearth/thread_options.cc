// SPDX-License-Identifier: Apache-2.0
#include "thread_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/escape.h"
#include "base/thread_place.h"
#include "host/cpus_allowed.h"

namespace hearth::app {
namespace {

constexpr int kDefaultPoll = 50;  // of 100, as in llama.cpp

Result<int> number_between(std::string_view flag, const std::string& text, int least, int most) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || next != end || value < least || value > most)
    return fail(ErrorCode::usage, "{} {}: give a number from {} to {}", flag, printable(text, 40),
                least, most);
  return value;
}

// The nice values that llama.cpp gives to a process. Its threads become real-time ones (SCHED_FIFO)
// as well from "medium" on; ours do not: two of those that wait for each other starve a machine.
constexpr int kLeastPriority = -1, kMostPriority = 3;
constexpr int kNiceValues[] = {5, 0, -5, -10, -20};

// None, with a warning, where the system does not permit it.
std::optional<int> nice_for(std::string_view flag, int priority) {
  const int before = nice_of_this_thread();
  const int wanted = priority == 0 ? before : kNiceValues[priority - kLeastPriority];
  if (wanted >= before) return wanted;
  if (set_nice_of_this_thread(wanted)) {
    static_cast<void>(set_nice_of_this_thread(before));
    return wanted;
  }
  fmt::print(
      stderr,
      "hearth: warning: {} {}: this user may not raise the priority (that takes CAP_SYS_NICE "
      "or a higher RLIMIT_NICE); it stays as it is\n",
      flag, priority);
  return std::nullopt;
}

const char* plural(std::size_t n) {
  return n == 1 ? "" : "s";
}

}  // namespace

unsigned choose_threads(int wanted, std::string_view flag, const host::PlaceRequest& request) {
  const auto asked = static_cast<unsigned>(std::max(wanted, 0));
  const auto n_cpus = static_cast<unsigned>(host::usable_cpus(request).size());
  const unsigned n = std::min(host::threads_for(asked), std::max(n_cpus, 1u));
  if (n < asked)
    fmt::print(stderr,
               "hearth: warning: {} {}: this process may use {} CPU{}; that many threads compute\n",
               flag, asked, n, plural(n));
  return n;
}

void ThreadOptions::declare(Flags& machine) {
  machine
      .add("-t,--threads,--num-thread", single_.n_threads,
           "threads that compute (default: one for each core this process may use)")
      .variable("THREADS");
  machine
      .add("-tb,--threads-batch", batch_.n_threads,
           "threads that compute prompts and several sequences at once (default: as -t)")
      .rare();
  declare_places(machine);
  machine.add("-Cb,--cpu-mask-batch", batch_.mask, "for the threads of -tb (default: as -C)")
      .value("MASK")
      .rare();
  machine.add("-Crb,--cpu-range-batch", batch_.range, "for the threads of -tb (default: as -Cr)")
      .value("RANGE")
      .rare();
  machine
      .add("--cpu-strict-batch", batch_.strict, "for the threads of -tb (default: as --cpu-strict)")
      .choices({"0", "1"})
      .rare();
  machine.add("--prio-batch", batch_.priority, "for the threads of -tb (default: as --prio)")
      .value("N")
      .choices({"-1", "0", "1", "2", "3"})
      .rare();
  machine.add("--poll-batch", batch_.poll, "for the threads of -tb (default: as --poll)")
      .value("N")
      .rare();
}

void ThreadOptions::declare_places(Flags& machine) {
  machine
      .add("-C,--cpu-mask", single_.mask,
           "CPUs on which threads stay, a hexadecimal mask (default: all)")
      .value("MASK")
      .rare();
  machine.add("-Cr,--cpu-range", single_.range, "the same as a range, added to the mask: LOW-HIGH")
      .value("RANGE")
      .rare();
  machine
      .add("--cpu-strict", single_.strict,
           "1: each thread stays on a CPU of its own, strong cores first (default 0)")
      .choices({"0", "1"})
      .rare();
  machine
      .add("--prio", single_.priority,
           "priority of threads: low -1, normal 0, medium 1, high 2, highest 3 (default 0)")
      .value("N")
      .choices({"-1", "0", "1", "2", "3"})
      .rare();
  machine
      .add("--poll", single_.poll,
           "how long threads wait awake for each other, 0 to 100; 0: not at all (default 50)")
      .value("N")
      .rare();
  machine
      .add("--numa", numa_,
           "on machines with several memories: distribute threads over the nodes, isolate them on "
           "one, or leave them to numactl")
      .choices({"distribute", "isolate", "numactl"})
      .variable("NUMA")
      .rare();
}

Result<host::Numa> ThreadOptions::numa() const {
  if (numa_.empty()) return host::Numa::none;
  if (numa_ == "distribute") return host::Numa::distribute;
  if (numa_ == "isolate") return host::Numa::isolate;
  if (numa_ == "numactl") return host::Numa::numactl;
  return fail(ErrorCode::usage, "--numa {}: give distribute, isolate or numactl",
              printable(numa_, 40));
}

Result<host::CpuSet> ThreadOptions::cpus_of(const Wishes& wishes, const Names& names) {
  host::CpuSet all;
  if (wishes.mask) {
    const auto cpus = host::parse_cpu_mask(*wishes.mask);
    if (!cpus || cpus->empty())
      return fail(ErrorCode::usage, "{} {}: give CPUs as a hexadecimal mask, such as 0xff",
                  names.mask, printable(*wishes.mask, 40));
    all = *cpus;
  }
  if (wishes.range) {
    const auto cpus = host::parse_cpu_range(*wishes.range);
    if (!cpus)
      return fail(ErrorCode::usage, "{} {}: give CPUs as a range, such as 0-3", names.range,
                  printable(*wishes.range, 40));
    all.insert(all.end(), cpus->begin(), cpus->end());
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
  }
  return all;
}

Result<Crew> ThreadOptions::crew_of(const Wishes& wishes, const Names& names, host::Numa numa) {
  host::PlaceRequest request {
    .cpus = TRY(cpus_of(wishes, names))
    , .numa = numa
  };
  if (wishes.strict) {
    const int strict = TRY(number_between(names.strict, *wishes.strict, 0, 1));
    request.strict = strict != 0;
  }
  if (host::usable_cpus(request).empty())
    return fail(ErrorCode::usage, "{}: this process may use none of these CPUs",
                wishes.mask ? fmt::format("{} {}", names.mask, *wishes.mask)
                            : fmt::format("{} {}", names.range, wishes.range.value_or("")));
  int poll = kDefaultPoll;
  if (wishes.poll) poll = TRY(number_between(names.poll, *wishes.poll, 0, 100));
  std::optional<int> nice;
  if (wishes.priority)
    nice = nice_for(names.priority, TRY(number_between(names.priority, *wishes.priority,
                                                       kLeastPriority, kMostPriority)));
  const unsigned n = choose_threads(wishes.n_threads, names.n_threads, request);
  return Crew{.n_workers = n,
              .cpus = host::place_workers(n, request),
              .spin = kDefaultSpin * poll / kDefaultPoll,
              .nice = nice};
}

Result<ThreadOptions::Setting> ThreadOptions::setting() const {
  const host::CpuSet cpus = TRY(cpus_of(single_, kSingleNames));
  Setting setting;
  setting.cpu_mask =
      host::print_cpu_mask(cpus.empty() ? cpus : host::usable_cpus({.cpus = cpus, .numa = {}}));
  if (single_.strict)
    setting.is_strict = TRY(number_between(kSingleNames.strict, *single_.strict, 0, 1))
  != 0;
  setting.poll = kDefaultPoll;
  if (single_.poll) setting.poll = TRY(number_between(kSingleNames.poll, *single_.poll, 0, 100));
  return setting;
}

Result<model::CpuCrews> ThreadOptions::take() const {
  for (const Wishes* wishes : {&single_, &batch_})
    if (wishes->n_threads < -1 || wishes->n_threads > 1024)
      return fail(ErrorCode::usage, "{} {}: give a number of threads from 1 to 1024",
                  wishes == &single_ ? "-t" : "-tb", wishes->n_threads);
  Names batch_names{"-tb", "-Cb", "-Crb", "--cpu-strict-batch", "--prio-batch", "--poll-batch"};
  const bool is_other_number = batch_.n_threads > 0;
  // A mask and a range add up to one set, so that either of them replaces both.
  const bool are_other_cpus = batch_.mask || batch_.range;
  const auto pick = [&](std::optional<std::string> Wishes::* wish, std::string_view Names::* name,
                        bool replaces) -> std::optional<std::string> {
    if ((batch_.*wish).has_value() || replaces) return batch_.*wish;
    batch_names.*name = kSingleNames.*name;
    return single_.*wish;
  };
  if (!is_other_number) batch_names.n_threads = kSingleNames.n_threads;
  const Wishes batch{.n_threads = is_other_number ? batch_.n_threads : single_.n_threads,
                     .mask = pick(&Wishes::mask, &Names::mask, are_other_cpus),
                     .range = pick(&Wishes::range, &Names::range, are_other_cpus),
                     .strict = pick(&Wishes::strict, &Names::strict, false),
                     .priority = pick(&Wishes::priority, &Names::priority, false),
                     .poll = pick(&Wishes::poll, &Names::poll, false)};
  const bool is_different =
      is_other_number || are_other_cpus || batch_.strict || batch_.priority || batch_.poll;
  const host::Numa asked = TRY(numa());
  model::CpuCrews crews;
  crews.n_cpus = host::cpus_allowed();
  crews.single = TRY(crew_of(single_, kSingleNames, asked));
  crews.batch = is_different ? TRY(crew_of(batch, batch_names, asked)) : crews.single;
  // Who is made more urgent for one kind of step is as before for the other.
  for (Crew* crew : {&crews.single, &crews.batch})
    if (!crew->nice && (crews.single.nice || crews.batch.nice)) crew->nice = nice_of_this_thread();
  return crews;
}

Result<model::CpuCrews> ThreadOptions::take(unsigned n_threads) const {
  ThreadOptions one = *this;
  one.single_.n_threads = static_cast<int>(n_threads);
  return one.take();
}

std::string ThreadOptions::describe(const model::CpuCrews& crews) const {
  const auto crew = [](const Crew& of) {
    std::string text = fmt::format("{} thread{}", of.n_workers, plural(of.n_workers));
    if (!of.cpus.empty()) {
      std::vector<std::string> places;
      for (const auto& cpus : of.cpus) places.push_back(fmt::format("{}", fmt::join(cpus, ",")));
      text += fmt::format(" on CPUs {}", fmt::join(places, " | "));
    }
    if (of.nice) text += fmt::format(", nice {}", *of.nice);
    return text;
  };
  std::string text = "threads: " + crew(crews.single);
  if (crews.batch != crews.single) text += "; for prompts " + crew(crews.batch);
  if (!numa_.empty()) {
    const std::size_t n = host::numa_nodes().size();
    text += n > 1 ? fmt::format("; --numa {}: {} nodes", numa_, n)
                  : fmt::format("; --numa {}: this machine has one memory, nothing to do", numa_);
  }
  return text;
}

}  // namespace hearth::app
