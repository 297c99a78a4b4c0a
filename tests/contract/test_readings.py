"""Where a service's documents leave two readings, both are taken; what is sent is what they say."""

import base64
import io
import threading

import numpy as np
import pytest
from fakes import scene
from fakes.services import FAST, picture, split, task
from PIL import Image

from layersplit.errors import ProviderError, RefusedError, SetupError
from layersplit.providers import provider
from layersplit.providers.comfyui_graph import DIFFUSION, choose
from layersplit.remote.journal import Journal, State
from layersplit.run import Run


@pytest.mark.parametrize(
    ("variation", "count"), [("fewer", 2), ("one more", 4), ("permuted", 3), ("sizes", 3)]
)
def test_what_came_is_handed_on_as_it_came(server, variation, count):
    server.variation = variation
    answer = split(server)
    # Of a ComfyUI server's images the first is the regenerated picture, unless another number came.
    extra = 1 if server.name == "comfyui" and variation in {"fewer", "one more"} else 0
    assert len(answer.layers) == count + extra
    if variation == "sizes":
        assert len({layer.pixels.shape for layer in answer.layers}) == 2
    if variation == "permuted":
        assert answer.layers[-1].pixels[..., 3].min() == 255


def test_an_answer_without_layers_is_a_failure_that_names_the_job(server):
    server.variation = "nothing"
    if server.name == "comfyui":
        server.cuts = True
    with pytest.raises(ProviderError, match="no layers") as caught:
        split(server, job="mine")
    assert next(iter(server.jobs)) in caught.value.meaning
    assert Journal().read("mine").state is State.FAILED


def test_wavespeed_takes_the_older_upload_where_there_are_no_tickets(start):
    server = start("wavespeed", tickets=False)
    assert len(split(server).layers) == 3
    assert any(request.path.endswith("/upload/binary") for request in server.api.requests)


@pytest.mark.parametrize("step", ["put"])
def test_wavespeed_takes_the_older_upload_where_the_ticket_fails(start, step):
    server = start("wavespeed")
    server.spoil(step, "403", times=9)
    assert len(split(server).layers) == 3


def test_wavespeed_outputs_may_be_text(start):
    assert len(split(start("wavespeed", naked=True)).layers) == 3


def test_wavespeed_outputs_may_be_one_string(start):
    assert len(split(start("wavespeed", string_output=True)).layers) == 1


def test_wavespeed_refusals_inside_a_good_status_are_refusals(start):
    server = start("wavespeed")
    body = {"code": 400, "message": "Insufficient credits. Please top up.", "data": None}
    server.spoil("submit", "200", body=body)
    with pytest.raises(RefusedError, match="no money left"):
        split(server)
    server.spoil("submit", "200", body={"code": 1200, "message": "content moderation"})
    with pytest.raises(RefusedError, match="rules on content"):
        split(server)


@pytest.mark.parametrize(
    ("code", "error", "pattern"),
    [
        (1200, "blocked", "rules on content"),
        (1402, "media could not be accessed", "refused the picture"),
        (5004, "timeout", "took too long"),
        (1405, "task failed", "The job failed at"),
    ],
)
def test_wavespeed_task_codes_are_read(start, code, error, pattern):
    server = start("wavespeed", fail_with=error, fail_code=code)
    with pytest.raises(ProviderError, match=pattern) as caught:
        split(server)
    assert "back within three hours" in caught.value.meaning


def test_an_unknown_status_means_go_on_asking(start):
    server = start("wavespeed")
    odd = {"code": 200, "data": {"id": "x", "status": "warming_up", "outputs": []}}
    server.spoil("poll", "200", times=3, body=odd)
    assert len(split(server).layers) == 3


def test_a_state_without_a_status_names_the_job(start):
    server = start("wavespeed")
    server.spoil("poll", "200", times=99, body={"code": 200, "data": {"id": "x"}})
    with pytest.raises(ProviderError, match="form that Layersplit does not know") as caught:
        split(server)
    assert next(iter(server.jobs)) in caught.value.fact


def test_runcomfy_may_return_one_image_and_tells_its_cost(start):
    answer = split(start("runcomfy", single=True))
    assert len(answer.layers) == 1
    assert answer.cost_usd == 0.04


def test_runcomfy_is_sent_every_field_it_has(start):
    server = start("runcomfy")
    split(server, prompt="a", negative_prompt="b", steps=9, guidance=2.5, seed=7, layer_count=5)
    (job,) = server.jobs.values()
    sent = {name: value for name, value in job.asked.items() if name != "image_url"}
    assert sent == {
        "prompt": "a",
        "negative_prompt": "b",
        "num_inference_steps": 9,
        "guidance_scale": 2.5,
        "seed": 7,
        "num_layers": 5,
        "output_format": "png",
    }


def test_fal_links_elsewhere_are_not_followed_with_the_key(start):
    other = start("fal")
    server = start("fal", links_at=other.url)
    assert len(split(server).layers) == 3
    assert other.api.requests == []


def test_fal_links_to_its_published_hosts_are_asked_at_the_address_in_use(start):
    server = start("fal", links_at="https://queue.fal.run")
    assert len(split(server).layers) == 3


def test_fal_uploads_what_is_large(start, monkeypatch):
    monkeypatch.setattr("layersplit.providers.fal.INLINE_BYTES", 1000)
    server = start("fal")
    assert len(split(server).layers) == 3
    (job,) = server.jobs.values()
    assert job.picture.startswith(server.cdn.url)


@pytest.mark.parametrize(
    ("late_error", "pattern"),
    [
        ((422, {"detail": [{"loc": ["body", "image_url"], "msg": "nsfw content"}]}), "content"),
        ((504, {"detail": "Request timed out", "error_type": "request_timeout"}), "too long"),
        ((500, {"detail": "boom", "error_type": "internal_error"}), "The job failed at"),
    ],
)
def test_fal_failures_that_only_the_result_tells_are_final(start, late_error, pattern):
    server = start("fal", late_error=late_error)
    with pytest.raises(ProviderError, match=pattern):
        split(server, job="mine")
    assert Journal().read("mine").state is State.FAILED


@pytest.mark.parametrize("step", ["poll", "fetch"])
@pytest.mark.parametrize("status", ["500", "503", "504"])
def test_fals_own_trouble_on_the_way_to_a_result_is_no_result(start, step, status):
    server = start("fal")
    body = {"detail": "Runner disconnected", "error_type": "runner_disconnected"}
    server.spoil(step, status, times=2, body=body)
    assert len(split(server, job="mine").layers) == 3
    assert server.submissions == 1


def test_fal_failures_are_told_in_the_words_of_the_result(start):
    said = {"loc": ["body", "image_url"], "msg": "It could not be processed",
            "type": "content_policy_violation"}  # fmt: skip
    server = start("fal", late_error=(422, {"detail": [said]}))
    server.fail_with = "Unprocessable"
    with pytest.raises(RefusedError, match=r"rules on content.*could not be processed"):
        split(server)


def test_replicate_uploads_what_is_large(start, monkeypatch):
    monkeypatch.setattr("layersplit.providers.replicate.INLINE_BYTES", 1000)
    server = start("replicate")
    assert len(split(server).layers) == 3
    (job,) = server.jobs.values()
    assert job.picture.startswith(f"{server.url}/v1/files/")


def test_replicate_layers_that_have_vanished_are_said_to_be_gone(start):
    server = start("replicate", removed=True)
    with pytest.raises(ProviderError, match="no longer has the layers") as caught:
        split(server)
    assert caught.value.may_have_cost


def test_comfyui_may_leave_out_the_full_picture_itself(start):
    assert len(split(start("comfyui", cuts=True)).layers) == 3


def test_comfyui_may_choose_the_id_and_is_found_by_the_files_it_saves(start):
    server = start("comfyui", own_ids=True)
    server.spoil("submit", "reset-after")
    assert len(split(server).layers) == 3
    assert server.billed == 1


def test_comfyui_lists_its_files_in_the_nodes_where_it_has_no_other_list(start):
    assert len(split(start("comfyui", lists_models=False)).layers) == 3


def test_a_comfyui_that_is_too_old_is_told_so(start):
    server = start("comfyui", too_old=True)
    with pytest.raises(SetupError, match="too old for this model") as caught:
        split(server)
    assert caught.value.exit_status == 5
    assert server.submissions == 0


@pytest.mark.parametrize("folder", ["diffusion_models", "text_encoders", "vae"])
@pytest.mark.parametrize("lists_models", [True, False])
def test_a_missing_model_file_is_named_with_its_place(start, folder, lists_models):
    server = start("comfyui", lists_models=lists_models)
    server.folders[folder] = ["something_else.safetensors"]
    with pytest.raises(SetupError, match=rf"models/{folder}") as caught:
        split(server)
    assert "qwen" in caught.value.fact
    assert "Comfy-Org/Qwen-Image-Layered_ComfyUI" in caught.value.fact
    assert server.submissions == 0


def test_all_that_a_server_lacks_is_named_at_once(start):
    server = start("comfyui")
    for names in server.folders.values():
        names.clear()
    with pytest.raises(SetupError) as caught:
        split(server)
    for folder in ("diffusion_models", "text_encoders", "vae"):
        assert f"models/{folder}/qwen" in caught.value.fact


def test_a_file_that_goes_between_the_look_and_the_run_is_named_too(start):
    server = start("comfyui")
    server.spoil("upload", "hook", hook=server.folders["vae"].clear)
    with pytest.raises(SetupError, match="VAELoader"):
        split(server)


def test_the_servers_own_file_names_are_used():
    names = ["qwen\\Qwen-Image-Layered_bf16.safetensors", "qwen_image_layered_vae.safetensors"]
    assert choose(DIFFUSION, names) == names[0]
    assert choose(DIFFUSION, ["qwen_image_edit_fp8.safetensors"]) is None


def test_comfyui_tells_its_steps(start):
    server = start("comfyui", polls=40)
    heard, lock = [], threading.Lock()

    def listen(_stage, fraction, _sentence):
        with lock:
            heard.append(fraction)

    split(server, run=Run(listen), timing=FAST)
    between = sorted({share for share in heard if share and 0.15 < share < 0.85})
    assert len(between) >= 3


def test_comfyui_runs_without_its_websocket(start):
    server = start("comfyui")
    server.spoil("ws", "500", times=9)
    assert len(split(server).layers) == 3


def test_a_picture_for_comfyui_comes_at_the_models_size(start):
    server = start("comfyui")
    split(server, picture(300, 200), resolution=640)
    (upload,) = [request for request in server.api.requests if request.step == "upload"]
    size = Image.open(io.BytesIO(upload.form["image"][1])).size
    assert size[0] % 16 == size[1] % 16 == 0
    assert abs(size[0] * size[1] / 640**2 - 1) < 0.05
    assert abs(size[0] / size[1] - 1.5) < 0.05


# what is sent


def sent_picture(server):
    """The file that a service got, wherever it travelled."""
    if server.name == "comfyui":
        (upload,) = [request for request in server.api.requests if request.step == "upload"]
        return upload.form["image"][1]
    (job,) = server.jobs.values()
    return server.picture(job.picture)


def test_a_large_picture_is_reduced_before_it_is_sent(server):
    rng = np.random.default_rng(3)
    pixels = np.array(picture(1600, 1200))
    pixels[..., :3] = (pixels[..., :3] // 2 + rng.integers(0, 40, (1200, 1600, 3))).astype(np.uint8)
    split(server, pixels)
    content = sent_picture(server)
    image = Image.open(io.BytesIO(content))
    assert image.width * image.height <= 640 * 640 * 1.05
    assert image.mode == "RGB"
    assert not {"exif", "icc_profile", "xmp", "dpi"} & set(image.info)
    if server.name == "fal":
        assert content[8:12] == b"WEBP"


@pytest.mark.parametrize("name", ["wavespeed", "runcomfy", "fal", "replicate"])
def test_what_is_sent_is_lossless(start, name):
    server = start(name)
    pixels = picture()
    split(server, pixels)
    assert np.array_equal(scene.decoded(sent_picture(server)), pixels)


def test_clear_parts_are_sent_over_white(server):
    pixels = picture()
    pixels[:32, :, 3] = 0
    split(server, pixels)
    image = np.asarray(Image.open(io.BytesIO(sent_picture(server))).convert("RGB"))
    assert image[: image.shape[0] // 4].min() >= 250


def test_an_address_goes_to_the_service_itself_where_that_is_asked(start):
    server = start("wavespeed")
    server.files["cat.png"] = scene.png(picture())
    split(server, address="https://example.org/cat.png")
    assert "upload" not in server.steps()
    (job,) = server.jobs.values()
    assert job.asked["image"] == "https://example.org/cat.png"


def test_layers_inside_the_answer_need_no_download(start):
    server = start("fal")
    inline = [
        {"url": "data:image/png;base64," + base64.b64encode(scene.png(layer)).decode()}
        for layer in scene.layers_of(picture(), 3)
    ]
    server.spoil("fetch", "200", body={"images": inline})
    assert len(split(server).layers) == 3
    assert server.cdn.requests == []


def test_a_key_is_tested_by_a_harmless_call(server):
    assert provider(server.name).test_key(Run()).endswith(".")
    assert server.billed == 0


def test_classic_takes_the_same_task():
    answer = provider("classic").split(task(picture(160, 120), provider="classic"), Run())
    assert answer.job is None
    assert all(layer.pixels.shape[2] == 4 for layer in answer.layers)
