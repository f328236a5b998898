"""A tiny random model of every family of transformers that one can be built of.

A family's own configuration is made small by the names of its settings; a few families
need a word more (``_MORE``). Nothing here knows of the package under test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

VOCABULARY = 96
_LARGEST = 4_000_000
SPECIAL = ("<s>", "<pad>", "</s>", "<mask>", "<unk>")
KINDS = {
    "masked": MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "causal": MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "images": MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
}
# Setting (a pattern of its name) → its value; the first that fits is taken.
_SMALL = (
    (r"(unpadded_)?vocab_size(_per_layer_input)?", VOCABULARY),
    (r"pad_token_id", 1),
    (r"bos_token_id", 0),
    (r"eos_token_id|eod_token_id|sep_token_id", 2),
    (r"hidden_size|d_model|n_embd|dim|emb_dim|embedding_size|embedding_dim", 32),
    (r"word_embed_proj_dim|embd_dim|d_embed|embed_dim", 32),
    (r"(num_)?(hidden_|encoder_|decoder_)?layers|n_layers?", 2),
    (r"num_(encoder|decoder)_layers|num_nextn_predict_layers", 2),
    (r"(num_)?((encoder|decoder)_)?attention_heads|n_heads?|num_heads", 4),
    (r"num_(key_value|kv)_heads|n_kv_heads?|num_swa_key_value_heads", 2),
    (r"(global_)?head_dim|d_kv|attention_head_dim|swa_head_dim", 8),
    (r".*intermediate_size(_mlp)?|.*ffn_dim|hidden_dim|ffn_hidden_size|d_inner", 48),
    (r"(moe_)?num_(local_)?experts|n_routed_experts", 4),
    (r"num_experts_per_(tok|token)|moe_topk|moe_k|top_k|num_selected_experts", 2),
    (r"n_group|topk_group|n_shared_experts|first_k_dense_replace", 1),
    (r"max_position_embeddings|n_positions|n_ctx|max_seq_len|seq_length", 128),
    (r"(sliding_|attention_)?window(_size)?|sliding_window_size|local_attention", 16),
    (r"attention_window_size|attention_chunk_size", 16),
    (r"(q|kv|o)_lora_rank|index_topk", 16),
    (r"qk_(rope|nope)_head_dim|v_head_dim|index_head_dim|rotary_dim", 8),
    (r"index_n_heads|mamba_n_heads|linear_num_(key|value)_heads", 4),
    (r"linear_(key|value)_head_dim|state_size|mamba_d_state|ssm_state_size", 8),
    (r"(mamba_)?chunk_size", 16),
)
_FILLED = (
    "token_id",
    "vocab_size",
    "head_dim",
    "key_value_heads",
    "num_experts",
    "routed_experts",
)
# What a family needs besides.
_ALIKE = {"num_key_value_heads": 4}
_MORE: dict[str, dict] = {
    "bamba": {"attn_layer_indices": [1]},
    "cohere_compass_text": {"layer_types": None},
    "cpmant": {"prompt_types": 4, "prompt_length": 4},
    "deepseek_v2": _ALIKE | {"num_experts_per_tok": 2},
    "dots1": {"moe_intermediate_size": 48, "num_experts_per_tok": 2}
    | {"n_shared_experts": 1, "n_routed_experts": 4},
    "dots3_note_text": _ALIKE,
    "esm": {"position_embedding_type": "rotary", "vocab_list": None},
    "esmc": _ALIKE,
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "luke": {"entity_vocab_size": 8, "entity_emb_size": 16},
    "mamba2": {"num_heads": 8},
    "mra": {"num_attention_heads": 2},
    "neomme": {"head_dim": 16},
    "perceiver": {"d_latents": 32, "num_latents": 8, "num_self_attends_per_block": 2},
    "reformer": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [8, 16]},
    "roc_bert": {"pronunciation_vocab_size": 8, "shape_vocab_size": 8},
    "xmod": {"default_language": "en_XX"},
    "zamba": {"num_hidden_layers": 3, "layers_block_type": None},
    "zaya": {"num_experts_per_tok": 1},
}

# What a part needs besides, whatever it is a part of.
_SECTIONS = {"rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]}}
_OF_PARTS = {"qwen2_vl_text": _SECTIONS, "qwen2_5_vl_text": _SECTIONS}


def families() -> Iterator[tuple[str, str]]:
    """Every (family, kind) that transformers names; each class of a family once."""
    known: set[tuple[str, object]] = set()
    for kind, names in KINDS.items():
        for family in sorted(names):
            if (family, names[family]) not in known:
                yield family, kind
        known |= {*names.items()}


def tiny_model(family: str, kind: str) -> PreTrainedModel:
    """A random model in float64; its weights are large enough for every part to say."""
    transformers.set_seed(0)
    settings = _small(CONFIG_MAPPING[family], family)
    if kind == "causal" and hasattr(CONFIG_MAPPING[family](), "is_decoder"):
        settings["is_decoder"] = True
    config = CONFIG_MAPPING[family](
        **settings, attn_implementation="eager", experts_implementation="eager"
    )
    name = KINDS[kind][family]
    name = name if isinstance(name, str) else name[0]
    with torch.device("meta"):
        size = sum(p.numel() for p in getattr(transformers, name)(config).parameters())
    if size > _LARGEST:
        raise ValueError(f"its smallest configuration has {size} parameters")
    model = getattr(transformers, name)(config).double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.copy_(0.2 * noise)
            else:
                parameter.add_(0.1 * noise)
    return model


def _small(kind: type[PretrainedConfig], family: str) -> dict:
    usual = kind().to_dict()
    settings = {}
    for name, value in usual.items():
        if name in kind.sub_configs and value is not None:
            part = kind.sub_configs[name]
            if part is AutoConfig:
                part = CONFIG_MAPPING[value["model_type"]]
            settings[name] = _small(part, family) | {"model_type": part.model_type}
        elif name == "layer_types" and value:
            settings[name] = (list(dict.fromkeys(value)) * 2)[:2]
        elif type(value) is int or value is None:
            new = _of_name(name)
            if new is not None and (value is not None or name.endswith(_FILLED)):
                settings[name] = new
        elif type(value) is list and name.endswith("token_id"):
            settings[name] = _of_name(name)
    if any(name.startswith("qk_") for name in usual):  # keys of all heads in one
        settings |= _ALIKE
    return settings | _MORE.get(family, {}) | _OF_PARTS.get(kind.model_type, {})


def _of_name(name: str) -> int | None:
    for pattern, value in _SMALL:
        if re.fullmatch(pattern, name):
            return value
    return None


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A word a token, with all special tokens."""
    words = [*SPECIAL, *(f"w{i}" for i in range(len(SPECIAL), VOCABULARY))]
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        mask_token="<mask>",
        unk_token="<unk>",
    )
