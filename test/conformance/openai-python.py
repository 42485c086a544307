"""OpenAI's client for Python against a running API: URL and key as arguments; prints one JSON object of what it saw."""

import io
import json
import sys
import time

import openai

url, key = sys.argv[1], sys.argv[2]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
ask = {"model": "glossary", "temperature": 0}
messages = [{"role": "user", "content": "dog"}]
FINAL = {"completed", "failed", "expired", "cancelled"}


def raised(act) -> str:
    try:
        act()
    except openai.APIError as error:
        return type(error).__name__
    return "nothing"


def streamed_chat() -> str:
    with client.chat.completions.create(**ask, messages=messages, stream=True) as stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def streamed_response() -> str:
    with client.responses.stream(**ask, input="dog") as stream:
        for _ in stream:
            pass
        return stream.get_final_response().output_text


def batch() -> dict:
    body = {**ask, "input": "dog"}
    lines = [{"custom_id": name, "method": "POST", "url": "/v1/responses", "body": body} for name in ("a", "b")]
    file = client.files.create(
        file=("requests.jsonl", io.BytesIO("\n".join(map(json.dumps, lines)).encode())), purpose="batch"
    )
    run = client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    while run.status not in FINAL:
        time.sleep(0.2)
        run = client.batches.retrieve(run.id)
    output = [json.loads(line) for line in client.files.content(run.output_file_id).text.splitlines()]
    return {
        "status": run.status,
        "completed": run.request_counts.completed,
        "texts": [line["response"]["body"]["output"][0]["content"][0]["text"] for line in output],
    }


print(
    json.dumps(
        {
            "chat": client.chat.completions.create(**ask, messages=messages).choices[0].message.content,
            "streamedChat": streamed_chat(),
            "response": client.responses.create(**ask, input="dog").output_text,
            "streamedResponse": streamed_response(),
            "models": [model.id for model in client.models.list()],
            "dimensions": len(client.embeddings.create(model="sentences", input="a text").data[0].embedding),
            "batch": batch(),
            "unknownModel": raised(lambda: client.responses.create(model="nothing", input="dog")),
            "wrongField": raised(lambda: client.responses.create(**{**ask, "temperature": 9}, input="dog")),
            "wrongKey": raised(lambda: openai.OpenAI(base_url=f"{url}/v1", api_key="fk_x", max_retries=0).models.list()),
        }
    )
)
