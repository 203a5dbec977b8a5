// SPDX-License-Identifier: Apache-2.0
#include "wire/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/test_support.h"
#include "wire/wire.h"

namespace hearth::wire {
namespace {

struct Ends {
  UniqueFd raw;
  Channel channel;
};

Ends make_ends() {
  auto pair = Channel::make_pair();
  return {std::move(pair->first), Channel(std::move(pair->second))};
}

void write_raw(const UniqueFd& fd, std::string_view bytes) {
  ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

TEST(Channel, CarriesFramesWithTheirDescriptors) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair);
  Channel front(std::move(pair->first)), worker(std::move(pair->second));
  const test::TempDir folder;
  const std::string path = folder.write("name", "inside");
  const auto opened = open_for_read(path);
  const int fds[] = {opened->get(), opened->get()};
  ASSERT_TRUE(front.send(*encode(ToWorker(Cancel{1}))));
  ASSERT_TRUE(front.send(*encode(ToWorker(Load{.shard_names = {"a", "b"}})), fds));
  ASSERT_TRUE(front.send(*encode(ToWorker(Cancel{2}))));

  EXPECT_TRUE((*worker.receive())->descriptors.empty());
  auto load = worker.receive();
  ASSERT_TRUE(load && *load);
  ASSERT_EQ((*load)->descriptors.size(), 2U);
  for (const UniqueFd& fd : (*load)->descriptors) {
    char text[6];
    EXPECT_EQ(::pread(fd.get(), text, sizeof text, 0), 6);
    EXPECT_EQ(std::string(text, 6), "inside");
    EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(*decode_to_worker((*load)->payload) == ToWorker(Load{.shard_names = {"a", "b"}}));
  EXPECT_TRUE((*worker.receive())->descriptors.empty());
}

// Also when it had not read all that it was told.
TEST(Channel, TheOtherSidesEndIsAnEnd) {
  auto pair = Channel::make_pair();
  Channel worker(std::move(pair->second));
  {
    const Channel front(std::move(pair->first));
    ASSERT_TRUE(worker.send(*encode(ToFront(Hello{}))));
  }
  const auto received = worker.receive();
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_FALSE(received->has_value());
}

// Frames far larger than the socket's buffer, from several threads at once, arrive whole.
TEST(Channel, KeepsFramesOfSeveralSendersApart) {
  auto pair = Channel::make_pair();
  Channel front(std::move(pair->first)), worker(std::move(pair->second));
  constexpr int kSenders = 4, kEach = 8;
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i)
    senders.emplace_back([&front, i] {
      for (int j = 0; j < kEach; ++j) {
        const std::string text(1'000'000, static_cast<char>('a' + i));
        EXPECT_TRUE(front.send(*encode(ToWorker(ApplyTemplate{static_cast<RequestId>(j), text}))));
      }
    });
  std::vector<RequestId> next(kSenders);
  for (int n = 0; n < kSenders * kEach; ++n) {
    const auto received = worker.receive();
    ASSERT_TRUE(received && *received);
    const auto message = decode_to_worker((*received)->payload);
    ASSERT_TRUE(message);
    const auto& apply = std::get<ApplyTemplate>(*message);
    ASSERT_EQ(apply.variables_json.size(), 1'000'000U);
    const char letter = apply.variables_json.front();
    EXPECT_EQ(apply.variables_json.find_first_not_of(letter), std::string::npos);
    EXPECT_EQ(apply.id, next[static_cast<std::size_t>(letter - 'a')]++);
  }
  for (std::thread& sender : senders) sender.join();
}

TEST(Channel, TellsAnEndFromABreak) {
  {
    Ends ends = make_ends();
    ends.raw.reset();
    const auto end = ends.channel.receive();
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
  }
  const std::string frame = *encode(ToWorker(Cancel{1}));
  for (const std::size_t n : {1U, 3U, 4U, 5U, 12U}) {
    Ends ends = make_ends();
    write_raw(ends.raw, std::string_view(frame).substr(0, n));
    ends.raw.reset();
    const auto broken = ends.channel.receive();
    ASSERT_FALSE(broken) << n;
    EXPECT_EQ(broken.error().code, ErrorCode::io);
  }
}

TEST(Channel, RefusesWhatIsNoFrame) {
  for (const std::string_view header :
       {std::string_view("\0\0\0\0", 4), std::string_view("\xff\xff\xff\xff")}) {
    Ends ends = make_ends();
    write_raw(ends.raw, header);
    const auto refused = ends.channel.receive();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::integrity);
  }
}

// Descriptors beside the bytes of a payload, where none belong, are closed, not kept.
TEST(Channel, KeepsNoDescriptorThatCameInTheWrongPlace) {
  Ends ends = make_ends();
  const std::string frame = *encode(ToWorker(Cancel{1}));
  write_raw(ends.raw, std::string_view(frame).substr(0, 5));
  auto pipe_ends = Channel::make_pair();
  char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{const_cast<char*>(frame.data()) + 5, frame.size() - 5};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int given = pipe_ends->second.get();
  __builtin_memcpy(CMSG_DATA(header), &given, sizeof given);
  ASSERT_EQ(::sendmsg(ends.raw.get(), &message, 0), static_cast<ssize_t>(frame.size() - 5));
  pipe_ends->second.reset();  // the one in flight is now the last of its end
  const auto received = ends.channel.receive();
  ASSERT_TRUE(received && *received);
  EXPECT_TRUE((*received)->descriptors.empty());
  char byte = 0;
  EXPECT_EQ(::read(pipe_ends->first.get(), &byte, 1), 0);  // its other end is closed
}

TEST(Channel, FindsThatNobodyListens) {
  Ends ends = make_ends();
  ends.raw.reset();
  const auto sent = ends.channel.send(*encode(ToFront(Progress{})));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::io);
}

TEST(Channel, CanBeWoken) {
  Ends ends = make_ends();
  std::thread reader([&] {
    const auto end = ends.channel.receive();
    EXPECT_TRUE(end && !*end);
  });
  ends.channel.shut_down();
  reader.join();
}

}  // namespace
}  // namespace hearth::wire
