// SPDX-License-Identifier: Apache-2.0
//
// The chat as a person meets it, through a pseudo-terminal. The models are the tiny fixtures; a
// bias on the logits makes them say what the test needs: byte b is token b of their vocabulary.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "program.h"
#include "terminal.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A line is being read: pastes are bracketed and the prompt stands there.
constexpr std::string_view kPrompt = "\033[?2004h>>> ";
constexpr std::string_view kMore = "\033[?2004h... ";
constexpr std::string_view kLineRead = "\033[?2004l";
constexpr std::string_view kUp = "\033[A", kLeft = "\033[D", kHome = "\033[H", kDelete = "\033[3~";
constexpr std::string_view kControlA = "\x01", kControlC = "\x03", kControlD = "\x04",
                           kControlE = "\x05", kControlR = "\x12", kControlW = "\x17";

class ChatTest : public testing::Test {
 protected:
  ChatTest() {
    static int n_made = 0;
    home_ = scratch_folder() + "/chat" + std::to_string(n_made++);
    std::filesystem::create_directories(home_);
  }

  // A chat that always answers "aaaa", unless more says otherwise.
  TerminalSetup chat(const std::vector<std::string>& more = {}) const {
    TerminalSetup setup{.args = {"run", fixture("tiny-llama-f32.gguf"), "-t", "1", "--temp", "0"},
                        .environment = {"HEARTH_HOME=" + home_, "HOME=" + home_}};
    const std::vector<std::string> usual = {"-n", "4", "-l", "97+1000"};
    setup.args.insert(setup.args.end(), usual.begin(), usual.end());
    setup.args.insert(setup.args.end(), more.begin(), more.end());
    return setup;
  }

  std::string history_path() const { return home_ + "/state/history"; }

  // Types a line and waits for the next prompt; what was written in between, without the echo.
  static std::string say(Terminal& terminal, std::string_view text) {
    terminal.type(std::string(text) + "\r");
    terminal.wait_for(kLineRead);
    return terminal.wait_for(kPrompt);
  }

  // The contents of the conversation so far, in turn.
  std::vector<std::string> contents(Terminal& terminal) const {
    const std::string path = home_ + "/contents.json";
    EXPECT_THAT(say(terminal, "/save " + path), HasSubstr("(saved to"));
    const Json session = parse_json(read_file(path, 1 << 20).value_or("")).value_or(Json());
    std::vector<std::string> texts;
    for (const Json& message : session.value("messages", Json::array()))
      texts.push_back(message["content"].get<std::string>());
    return texts;
  }

  std::string home_;
};

TEST_F(ChatTest, AnswersAndLeaves) {
  for (const std::string_view leave : {"/bye\r", "/exit\r", "\x04"}) {
    Terminal terminal(chat());
    EXPECT_THAT(terminal.wait_for(kPrompt),
                AllOf(HasSubstr("a context of 512 tokens"), HasSubstr("/help")));
    EXPECT_EQ(say(terminal, "Hi"), "aaaa\r\n");
    EXPECT_EQ(say(terminal, ""), "");
    EXPECT_THAT(contents(terminal), ElementsAre("Hi", "aaaa"));
    terminal.type(leave);
    EXPECT_EQ(terminal.wait_for_end(), 0);
    EXPECT_TRUE(terminal.is_as_before());
  }
}

TEST_F(ChatTest, LinesCanBeEdited) {
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  say(terminal, "helo" + std::string(kLeft) + "l" + std::string(kControlA) + "XY" +
                    std::string(kHome) + std::string(kDelete));
  say(terminal, "three short words" + std::string(kControlW) + "texts");
  say(terminal, "h\xC3\xA9\xC3\xA9" + std::string(1, '\x7f') + "llo \xE4\xBD\xA0");
  terminal.resize(40, 30);
  say(terminal, std::string(100, 'x') + std::string(kHome) + "y");
  EXPECT_THAT(contents(terminal), ElementsAre("Yhello", "aaaa", "three short texts", "aaaa",
                                              "h\xC3\xA9llo \xE4\xBD\xA0", "aaaa",
                                              "y" + std::string(100, 'x'), "aaaa"));
}

TEST_F(ChatTest, TheHistoryLasts) {
  {
    Terminal terminal(chat());
    terminal.wait_for(kPrompt);
    say(terminal, "first words");
    say(terminal, "/set nohistory");
    say(terminal, "kept secret");
    say(terminal, "/set history");
    terminal.type("\"\"\"more\r");
    terminal.wait_for(kMore);
    say(terminal, "lines\"\"\"");
    terminal.type("/bye\r");
    EXPECT_EQ(terminal.wait_for_end(), 0);
  }
  struct stat status;
  ASSERT_EQ(::stat(history_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_THAT(read_file(history_path(), 1 << 20).value(),
              AllOf(HasSubstr("first words\n"), HasSubstr("\"\"\"more\\nlines\"\"\"\n"),
                    Not(HasSubstr("secret"))));
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  say(terminal, std::string(kUp) + std::string(kUp));
  say(terminal, std::string(kControlR) + "first" + std::string(kControlE) + "!");
  EXPECT_THAT(contents(terminal), ElementsAre("more\nlines", "aaaa", "first words!", "aaaa"));
}

TEST_F(ChatTest, NoHistoryLeavesNoFile) {
  Terminal terminal(chat({"--no-history"}));
  terminal.wait_for(kPrompt);
  say(terminal, "one");
  say(terminal, std::string(kUp));  // of this run
  EXPECT_THAT(contents(terminal), ElementsAre("one", "aaaa", "one", "aaaa"));
  EXPECT_FALSE(std::filesystem::exists(history_path()));
  say(terminal, "/set history");
  say(terminal, "two");
  EXPECT_EQ(read_file(history_path(), 1 << 20).value(), "two\n");
}

TEST_F(ChatTest, MessagesMayHaveSeveralLines) {
  Terminal terminal(chat({"-c", "4096"}));
  terminal.wait_for(kPrompt);
  terminal.type("\"\"\"\r");
  terminal.wait_for(kMore);
  terminal.type("/bye\r");
  terminal.wait_for(kMore);
  say(terminal, "end\"\"\"");
  // As a terminal sends what is pasted.
  say(terminal, "\033[200~one\rtwo\r\n\tthree\033[201~ four");
  say(terminal, "five\033\rsix");  // Alt-Enter
  std::string many;
  for (int i = 0; i < 60; ++i) many += "line " + std::to_string(i) + "\r";
  say(terminal, "\033[200~" + many + "\033[201~");
  const std::vector<std::string> texts = contents(terminal);
  ASSERT_EQ(texts.size(), 8U);
  EXPECT_EQ(texts[0], "/bye\nend");
  EXPECT_EQ(texts[2], "one\ntwo\n\tthree four");
  EXPECT_EQ(texts[4], "five\nsix");
  EXPECT_THAT(texts[6], AllOf(StartsWith("line 0\nline 1\n"), HasSubstr("\nline 59")));
}

TEST_F(ChatTest, CommandsDoWhatTheySay) {
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  EXPECT_THAT(say(terminal, "/help"), AllOf(HasSubstr("/set parameter"), HasSubstr("/bye")));
  EXPECT_EQ(say(terminal, "/?"), say(terminal, "/help"));
  EXPECT_THAT(say(terminal, "/retry"), HasSubstr("no message to ask again"));
  EXPECT_THAT(say(terminal, "/clera"), HasSubstr("did you mean /clear?"));

  EXPECT_THAT(say(terminal, "/show system"), HasSubstr("the model's own"));
  say(terminal, "/set system \"Be brief.\"");
  EXPECT_EQ(say(terminal, "/show system"), "Be brief.\r\n");
  say(terminal, "/system Be long.");
  EXPECT_EQ(say(terminal, "/show system"), "Be long.\r\n");
  EXPECT_THAT(say(terminal, "/show template"), HasSubstr("{% for message in messages %}"));
  EXPECT_THAT(say(terminal, "/show info"), AllOf(HasSubstr("llama"), HasSubstr("512 tokens")));

  EXPECT_THAT(say(terminal, "/show parameters"), HasSubstr("num_predict         4\r\n"));
  EXPECT_THAT(say(terminal, "/set parameter num_predict 2"), HasSubstr("num_predict is 2"));
  EXPECT_THAT(say(terminal, "/set parameter temperature hot"), HasSubstr("not a number"));
  EXPECT_THAT(say(terminal, "/show parameters"), HasSubstr("num_predict         2  (set here)"));
  EXPECT_EQ(say(terminal, "Hi"), "aa\r\n");
  EXPECT_THAT(say(terminal, "/set think"), HasSubstr("cannot switch"));

  say(terminal, "/set parameter num_predict 3");
  EXPECT_EQ(say(terminal, "/retry"), "aaa\r\n");
  EXPECT_THAT(contents(terminal), ElementsAre("Hi", "aaa"));
  say(terminal, "/clear");
  EXPECT_TRUE(contents(terminal).empty());
  EXPECT_EQ(say(terminal, "/show system"), "Be long.\r\n");
  EXPECT_EQ(say(terminal, "/retry"), "aaa\r\n");
  EXPECT_THAT(contents(terminal), ElementsAre("Hi", "aaa"));
}

TEST_F(ChatTest, SessionsAreTakenUpAgain) {
  {
    Terminal terminal(chat());
    terminal.wait_for(kPrompt);
    say(terminal, "/system Be brief.");
    say(terminal, "/set parameter num_predict 2");
    say(terminal, "Hi");
    EXPECT_THAT(say(terminal, "/save mine"), HasSubstr("/state/chats/mine.json"));
  }
  const std::string path = home_ + "/state/chats/mine.json";
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(std::system(("sed 's/\"hearth_chat\": 1/\"hearth_chat\": 9/' " + path + " > " + home_ +
                         "/later.json")
                            .c_str()),
            0);
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  EXPECT_THAT(say(terminal, "/load nothing"), HasSubstr("nothing.json"));
  EXPECT_THAT(say(terminal, "/load " + home_ + "/later.json"), HasSubstr("form 9"));
  EXPECT_THAT(say(terminal, "/load mine"), HasSubstr("2 messages"));
  EXPECT_EQ(say(terminal, "/show system"), "Be brief.\r\n");
  EXPECT_EQ(say(terminal, "And?"), "aa\r\n");
  EXPECT_THAT(contents(terminal), ElementsAre("Hi", "aa", "And?", "aa"));
}

TEST_F(ChatTest, ControlCStopsTheAnswerAndNotTheProgram) {
  Terminal terminal(chat({"-n", "-1", "-c", "100000"}));
  terminal.wait_for(kPrompt);
  for (int i = 0; i < 2; ++i) {
    terminal.type(i == 0 ? "Hi\r" : "/retry\r");
    terminal.wait_for("aaaaaaaaaaaaaaaa");
    terminal.type(kControlC);
    EXPECT_THAT(terminal.wait_for(kPrompt), HasSubstr("stopped"));
  }
  const std::vector<std::string> texts = contents(terminal);  // what was said is kept
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_THAT(texts[1], StartsWith("aaaaaaaaaaaaaaaa"));
  // At the prompt it says how to leave, or gives up what was typed.
  terminal.type(kControlC);
  EXPECT_THAT(terminal.wait_for(kPrompt), HasSubstr("Ctrl-D or /bye leaves"));
  terminal.type("half a line");
  terminal.wait_for("half a line");
  terminal.type(kControlC);
  EXPECT_THAT(terminal.wait_for(kPrompt), Not(HasSubstr("leaves")));
  terminal.type("\"\"\"half a message\r");
  terminal.wait_for(kMore);
  terminal.type(kControlC);
  terminal.wait_for(kPrompt);
  EXPECT_EQ(contents(terminal).size(), 2U);
  terminal.type(kControlD);
  EXPECT_EQ(terminal.wait_for_end(), 0);
}

TEST_F(ChatTest, ImpatienceDoesNotEndIt) {
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  for (int i = 0; i < 5; ++i) terminal.send_signal(SIGINT);
  terminal.wait_for("leaves");
  terminal.type("/bye\r");
  EXPECT_EQ(terminal.wait_for_end(), 0);
}

TEST_F(ChatTest, AClosedTerminalEndsItQuietly) {
  {
    Terminal terminal(chat());
    terminal.wait_for(kPrompt);
    say(terminal, "before the end");
    terminal.hang_up();
    EXPECT_EQ(terminal.wait_for_end(), 128 + SIGHUP);
    EXPECT_THAT(read_file(history_path(), 1 << 20).value(), HasSubstr("before the end\n"));
  }
  {
    Terminal terminal(chat({"-n", "-1", "-c", "100000"}));
    terminal.wait_for(kPrompt);
    terminal.type("Hi\r");
    terminal.wait_for("aaaaaaaa");
    terminal.hang_up();
    EXPECT_EQ(terminal.wait_for_end(), 128 + SIGHUP);
  }
  TerminalSetup setup = chat();
  setup.ignore_hangup = true;
  Terminal terminal(setup);
  terminal.wait_for(kPrompt);
  terminal.hang_up();
  EXPECT_EQ(terminal.wait_for_end(), 0);
}

TEST_F(ChatTest, ASignalLeavesTheTerminalAsItWas) {
  Terminal terminal(chat());
  terminal.wait_for(kPrompt);
  terminal.type("half a line");
  terminal.wait_for("half a line");
  terminal.send_signal(SIGTERM);
  EXPECT_EQ(terminal.wait_for_end(), 128 + SIGTERM);
  EXPECT_TRUE(terminal.is_as_before());
  EXPECT_THAT(terminal.rest(), HasSubstr(kLineRead));
}

TEST_F(ChatTest, AFullContextIsSaidAndNothingIsLost) {
  Terminal terminal(chat({"-n", "-1", "-c", "64"}));
  EXPECT_THAT(terminal.wait_for(kPrompt), HasSubstr("a context of 64 tokens"));
  EXPECT_THAT(say(terminal, "Hi"), AllOf(StartsWith("aaaa"), HasSubstr("64 tokens is full"),
                                         HasSubstr("/clear starts anew")));
  const std::vector<std::string> before = contents(terminal);
  EXPECT_EQ(before.size(), 2U);
  EXPECT_THAT(say(terminal, "And now?"),
              AllOf(HasSubstr("maximum context length is 64"), HasSubstr("nothing is lost")));
  std::vector<std::string> after = contents(terminal);
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[2], "And now?");
  after.pop_back();
  EXPECT_EQ(after, before);
  say(terminal, "/clear");
  say(terminal, "/set parameter num_predict 35");
  EXPECT_THAT(say(terminal, "/retry"), AllOf(HasSubstr("of 64 tokens: about"), HasSubstr("left")));
  EXPECT_THAT(contents(terminal), ElementsAre("And now?", std::string(35, 'a')));
}

TEST_F(ChatTest, VerboseTellsTimesAndSpeeds) {
  Terminal terminal(chat({"--verbose"}));
  terminal.wait_for(kPrompt);
  const auto tells =
      AllOf(HasSubstr("load: "), HasSubstr("prompt: "), HasSubstr("first token after"),
            HasSubstr("generation: 4 tokens, "), HasSubstr("tokens/s"));
  EXPECT_THAT(say(terminal, "Hi"), tells);
  EXPECT_THAT(say(terminal, "Again"), AllOf(tells, HasSubstr("of them new")));
  say(terminal, "/set quiet");
  EXPECT_EQ(say(terminal, "Again"), "aaaa\r\n");
  say(terminal, "/set verbose");
  EXPECT_THAT(say(terminal, "Again"), tells);
}

TEST_F(ChatTest, ControlBytesNeverReachTheTerminal) {
  Terminal terminal(chat({"-l", "27+2000"}));
  terminal.wait_for(kPrompt);
  EXPECT_EQ(say(terminal, "Hi"), "\\x1b\\x1b\\x1b\\x1b\r\n");
  Terminal c1(chat({"-l", "155+2000"}));  // CSI as a byte of its own
  c1.wait_for(kPrompt);
  EXPECT_EQ(say(c1, "Hi").find('\x9b'), std::string::npos);
}

TEST_F(ChatTest, MarkdownIsStyledWhenAsked) {
  const std::vector<std::string> ticks = {"-l", "96+2000"};
  Terminal plain(chat(ticks));
  plain.wait_for(kPrompt);
  EXPECT_EQ(say(plain, "Hi"), "````\r\n");
  say(plain, "/set markdown");
  EXPECT_EQ(say(plain, "Hi"), "\033[2m````\033[0m\r\n");
  TerminalSetup setup = chat({"-l", "96+2000", "--markdown"});
  Terminal styled(setup);
  styled.wait_for(kPrompt);
  EXPECT_EQ(say(styled, "Hi"), "\033[2m````\033[0m\r\n");
  setup.environment.push_back("NO_COLOR=1");
  Terminal colourless(setup);
  colourless.wait_for(kPrompt);
  EXPECT_EQ(say(colourless, "Hi"), "````\r\n");
}

// The prompt begins the reasoning, a "b" ends it, and the model says a or b as chance has it.
TEST_F(ChatTest, ThinkingIsDimmedOrHidden) {
  const std::string path = home_ + "/thinking.jinja";
  ASSERT_TRUE(write_all(UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT, 0600)).get(),
                        "{% for m in messages %}[{{ m.role }}]"
                        "{% if m.reasoning_content %}<t>{{ m.reasoning_content }}b{% endif %}"
                        "{{ m.content }}{% endfor %}"
                        "{% if add_generation_prompt %}[assistant]<t>{% endif %}"));
  const std::vector<std::string> thoughtful = {"-l",
                                               "97+1000",
                                               "-l",
                                               "98+1000",
                                               "--temp",
                                               "1",
                                               "--seed",
                                               "7",
                                               "-n",
                                               "24",
                                               "--chat-template-file",
                                               path};
  std::vector<std::string> args = {"run", fixture("tiny-llama-f32.gguf"), "-t", "1", "-p", "Hi"};
  args.insert(args.end(), thoughtful.begin(), thoughtful.end());
  const std::string text = run(args).out;  // through a pipe: as the model wrote it
  const std::size_t mark = text.find('b');
  ASSERT_LT(mark, text.size() - 2);
  ASSERT_GT(mark, 0U);
  const std::string answer = text.substr(mark + 1, text.size() - mark - 2);
  const std::string thought = text.substr(0, mark + 1);
  args.push_back("--hide-thinking");
  EXPECT_EQ(run(args).out, answer + "\n");

  TerminalSetup setup = chat(thoughtful);
  setup.args.erase(setup.args.end() - static_cast<std::ptrdiff_t>(thoughtful.size()) - 2,
                   setup.args.end() - static_cast<std::ptrdiff_t>(thoughtful.size()));
  Terminal dim(setup);
  dim.wait_for(kPrompt);
  EXPECT_EQ(say(dim, "Hi"), "\033[2m" + thought + "\033[0m" + answer + "\r\n");
  EXPECT_THAT(contents(dim), ElementsAre("Hi", thought + answer));  // as the model wrote it
  say(dim, "/clear");
  say(dim, "/set hidethinking");
  EXPECT_EQ(say(dim, "Hi"), "(thinking)\r          \r" + answer + "\r\n");
  setup.environment.push_back("NO_COLOR=1");
  Terminal colourless(setup);
  colourless.wait_for(kPrompt);
  EXPECT_EQ(say(colourless, "Hi"), thought + answer + "\r\n");
}

TEST_F(ChatTest, APlainTerminalWillDo) {
  TerminalSetup setup = chat({"--markdown"});
  setup.environment.push_back("TERM=dumb");
  Terminal terminal(setup);
  terminal.wait_for(">>> ");
  terminal.type("Hi\r");
  terminal.wait_for("Hi\r\n");
  EXPECT_EQ(terminal.wait_for(">>> "), "aaaa\r\n");
  terminal.type("\"\"\"two\r");
  terminal.wait_for("... ");
  terminal.type("lines\"\"\"\r");
  terminal.wait_for("aaaa\r\n>>> ");
  terminal.type(kControlC);
  EXPECT_THAT(terminal.wait_for(">>> "), HasSubstr("Ctrl-D or /bye leaves"));
  terminal.type(kControlD);
  EXPECT_EQ(terminal.wait_for_end(), 0);
}

}  // namespace
}  // namespace hearth::test
