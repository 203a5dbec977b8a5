# SPDX-License-Identifier: Apache-2.0
"""The official openai package, synchronous and asynchronous."""

import asyncio
import os
import subprocess
import tempfile

import openai

from hearth_server import MODEL, PROGRAM, Server, ServerTest

QUESTION = [{"role": "user", "content": "What is it?"}]


class OpenAiTest(ServerTest):
    flags = ("-np", "8")

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.server.api, api_key="none", max_retries=0)
        self.addCleanup(self.client.close)

    def chat(self, **more):
        return self.client.chat.completions.create(
            **{"model": MODEL, "messages": QUESTION, "max_tokens": 12, "temperature": 0,
               "extra_body": {"ignore_eos": True}, **more})

    def complete(self, prompt, **more):
        return self.client.completions.create(
            **{"model": MODEL, "prompt": prompt, "max_tokens": 8, "temperature": 0,
               "extra_body": {"ignore_eos": True}, **more})

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])
        self.assertEqual(self.client.models.retrieve(MODEL).object, "model")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("no")

    def test_chat(self):
        answer = self.chat()
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.choices[0].message.role, "assistant")
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.usage.completion_tokens, 12)
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + 12)
        self.assertEqual(self.chat().choices[0].message.content, answer.choices[0].message.content)

    def test_stream_is_the_answer_in_pieces(self):
        for n in (1, 3):
            whole = self.chat(n=n, seed=7, temperature=0.8)
            texts = [""] * n
            reasons = [None] * n
            usage = None
            with self.chat(n=n, seed=7, temperature=0.8, stream=True,
                           stream_options={"include_usage": True}) as stream:
                for chunk in stream:
                    self.assertEqual(chunk.object, "chat.completion.chunk")
                    usage = chunk.usage or usage
                    for choice in chunk.choices:
                        texts[choice.index] += choice.delta.content or ""
                        reasons[choice.index] = choice.finish_reason or reasons[choice.index]
            self.assertEqual(texts, [choice.message.content for choice in whole.choices])
            self.assertEqual(reasons, [choice.finish_reason for choice in whole.choices])
            self.assertEqual(usage.completion_tokens, whole.usage.completion_tokens)
            self.assertEqual(usage.prompt_tokens, whole.usage.prompt_tokens)

    def test_streamed_completions(self):
        whole = self.complete("one two", max_tokens=20)
        pieces = list(self.complete("one two", max_tokens=20, stream=True))
        self.assertEqual("".join(piece.choices[0].text for piece in pieces), whole.choices[0].text)
        self.assertEqual(pieces[-1].choices[0].finish_reason, "length")

    def test_seeds(self):
        first, again, other = (self.chat(temperature=1, max_tokens=30, seed=seed).choices[0].message.content
                               for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_logit_bias_and_stop(self):
        letter = self.server.tokens("a")
        self.assertEqual(len(letter), 1)
        biased = self.chat(max_tokens=5, logit_bias={str(letter[0]): 100})
        self.assertEqual(biased.choices[0].message.content, "aaaaa")
        stopped = self.chat(max_tokens=5, logit_bias={str(letter[0]): 100}, stop=["aaa"])
        self.assertEqual(stopped.choices[0].message.content, "")
        self.assertEqual(stopped.choices[0].finish_reason, "stop")

    def test_logprobs(self):
        # The end is not ignored: log probabilities are the model's own, before anything is ruled out.
        content = self.chat(logprobs=True, top_logprobs=3, extra_body={}).choices[0].logprobs.content
        self.assertTrue(0 < len(content) <= 12)
        for position in content:
            self.assertLessEqual(position.logprob, 0)
            likely = [top.logprob for top in position.top_logprobs]
            self.assertEqual(len(likely), 3)
            self.assertEqual(likely, sorted(likely, reverse=True))
            self.assertEqual(position.logprob, likely[0], "greedy takes the likeliest")

    def test_prompts_of_tokens_and_lists(self):
        ids = self.server.tokens("one two three")
        self.assertEqual(self.complete(ids).choices[0].text,
                         self.complete("one two three").choices[0].text)
        both = self.complete(["one two three", "four"])
        self.assertEqual([choice.index for choice in both.choices], [0, 1])
        self.assertEqual(both.choices[1].text, self.complete("four").choices[0].text)
        self.assertEqual(len(self.complete([ids, ids[:2]], n=2, temperature=1).choices), 4)

    def test_echo(self):
        ids = self.server.tokens("one two three")
        choice = self.complete("one two three", echo=True, logprobs=2, max_tokens=3).choices[0]
        self.assertTrue(choice.text.startswith("one two three"))
        self.assertEqual(len(choice.logprobs.tokens), len(ids) + 3)
        self.assertIsNone(choice.logprobs.token_logprobs[0])
        self.assertTrue(all(one < 0 for one in choice.logprobs.token_logprobs[1:]))
        self.assertEqual(choice.logprobs.text_offset[0], 0)

    def test_bad_requests(self):
        for more in ({"top_p": 7}, {"max_tokens": -7}, {"logit_bias": {"x": 1}}, {"n": 0},
                     {"extra_body": {"no_such_field": 1}}, {"tools": [{"type": "function"}]}):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat(**more)
            name = next(iter(more.get("extra_body", more)))  # that of the field
            self.assertEqual(caught.exception.param, name)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.complete("word " * 3000)
        self.assertEqual(caught.exception.code, "context_length_exceeded")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.chat(model="no")
        self.assertEqual(caught.exception.code, "model_not_found")

    def test_embeddings(self):
        try:
            answer = self.client.embeddings.create(model=MODEL, input=["one", "two", "one"])
        except openai.NotFoundError:
            self.skipTest("there is no /v1/embeddings yet")
        one, two, again = (row.embedding for row in answer.data)
        self.assertEqual(one, again)
        self.assertNotEqual(one, two)
        self.assertAlmostEqual(sum(x * x for x in one), 1, places=4)
        # The client asks for base64 unless told otherwise.
        plain = self.client.embeddings.create(model=MODEL, input="one", encoding_format="float")
        for a, b in zip(plain.data[0].embedding, one):
            self.assertAlmostEqual(a, b, places=6)

    def test_many_at_once(self):
        prompts = [f"number {i}" for i in range(20)]
        alone = [self.complete(prompt).choices[0].text for prompt in prompts]

        async def ask_all():
            async with openai.AsyncOpenAI(base_url=self.server.api, api_key="none") as client:
                async def ask(prompt, stream):
                    answer = await client.completions.create(
                        model=MODEL, prompt=prompt, max_tokens=8, temperature=0, stream=stream,
                        extra_body={"ignore_eos": True})
                    if not stream:
                        return answer.choices[0].text
                    return "".join([chunk.choices[0].text async for chunk in answer])
                return await asyncio.gather(*(ask(prompt, i % 2 == 0) for i, prompt in enumerate(prompts)))
        self.assertEqual(asyncio.run(ask_all()), alone)

    def test_who_hangs_up_frees_his_place(self):
        with self.complete("on and on", max_tokens=1900, stream=True) as stream:
            next(iter(stream))
        self.comes_true(self.server.is_idle)
        with self.assertRaises(openai.APITimeoutError):
            self.client.with_options(timeout=0.02).completions.create(
                model=MODEL, prompt="on and on", max_tokens=1900, extra_body={"ignore_eos": True})
        self.comes_true(self.server.is_idle)
        self.assertEqual(self.chat().usage.completion_tokens, 12)

    def test_request_ids(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model=MODEL, messages=QUESTION, max_tokens=1)
        self.assertTrue(raw.headers["x-request-id"])
        self.assertEqual(raw.parse()._request_id, raw.headers["x-request-id"])


class KeysTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        home = tempfile.mkdtemp(prefix="hearth-clients-")
        added = subprocess.run([PROGRAM, "key", "add", "slow", "--per-minute", "2"], check=True, text=True,
                               capture_output=True, env={**os.environ, "HEARTH_HOME": home})
        cls.slow_key = added.stdout.strip()
        cls.server = Server("--api-key", "secret", home=home)
        cls.addClassCleanup(cls.server.stop)

    def ask(self, key):
        with openai.OpenAI(base_url=self.server.api, api_key=key, max_retries=0) as client:
            return client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1)

    def test_keys(self):
        self.assertEqual(self.ask("secret").usage.completion_tokens, 1)
        with self.assertRaises(openai.AuthenticationError) as caught:
            self.ask("wrong")
        self.assertEqual(caught.exception.code, "invalid_api_key")

    def test_rate_limit(self):
        for _ in range(2):
            self.ask(self.slow_key)
        with self.assertRaises(openai.RateLimitError) as caught:
            self.ask(self.slow_key)
        self.assertEqual(caught.exception.code, "rate_limit_exceeded")
        self.assertGreater(int(caught.exception.response.headers["retry-after"]), 0)
        self.assertEqual(caught.exception.response.headers["x-should-retry"], "true")
        self.assertEqual(self.ask("secret").usage.completion_tokens, 1)
