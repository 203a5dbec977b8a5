# SPDX-License-Identifier: Apache-2.0
"""litellm, through both of its ways to an OpenAI server."""

import litellm

from hearth_server import MODEL, ServerTest

QUESTION = [{"role": "user", "content": "What is it?"}]
litellm.suppress_debug_info = True
litellm.telemetry = False


class LiteLlmTest(ServerTest):
    flags = ("--api-key", "secret")

    def ask(self, provider="hosted_vllm", model=MODEL, key="secret", **more):
        return litellm.completion(
            model=f"{provider}/{model}", api_base=self.server.api, api_key=key, num_retries=0,
            **{"messages": QUESTION, "max_tokens": 12, "temperature": 0,
               "extra_body": {"ignore_eos": True}, **more})

    def test_answers(self):
        texts = set()
        for provider in ("hosted_vllm", "openai"):
            answer = self.ask(provider)
            self.assertEqual(answer.usage.completion_tokens, 12)
            self.assertEqual(answer.choices[0].finish_reason, "length")
            texts.add(answer.choices[0].message.content)
            chunks = list(self.ask(provider, stream=True, stream_options={"include_usage": True}))
            texts.add("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
            self.assertEqual([chunk.usage.completion_tokens for chunk in chunks if getattr(chunk, "usage", None)],
                             [12])
        self.assertEqual(len(texts), 1, texts)

    def test_text_completion(self):
        answer = litellm.text_completion(
            model=f"text-completion-openai/{MODEL}", api_base=self.server.api, api_key="secret",
            prompt="one two", max_tokens=5, temperature=0, extra_body={"ignore_eos": True})
        self.assertEqual(answer.usage.completion_tokens, 5)

    def test_errors(self):
        with self.assertRaises(litellm.AuthenticationError):
            self.ask(key="wrong")
        with self.assertRaises(litellm.NotFoundError):
            self.ask(model="no")
        with self.assertRaises(litellm.BadRequestError):
            self.ask(top_p=7)
        with self.assertRaises(litellm.ContextWindowExceededError):
            self.ask(messages=[{"role": "user", "content": "word " * 3000}])
