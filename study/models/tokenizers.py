"""Tokenizers of the two kinds the paper's models have, trained on the world's text."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

# Whole words of the world fit; what it does not know is cut into pieces.
VOCABULARY = 4_000
WORDPIECES = 3_300


def wordpiece(
    texts: Iterable[str], *, size: int = WORDPIECES
) -> PreTrainedTokenizerFast:
    """Cased WordPiece of ``size`` tokens, BERT's special ones among them."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    normalizer = normalizers.BertNormalizer(lowercase=False)
    splitter = pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word
        for text in texts
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    )
    pieces = [*specials, *_pieces(words)][:size]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def _pieces(words: Counter[str]) -> list[str]:
    """Characters, all words, then the commonest beginnings and endings of words.

    Counted rather than trained: the library's trainer breaks ties by chance, so that
    no two runs give the same vocabulary.
    """
    characters = sorted(set(string.printable) - set(string.whitespace))
    affixes = Counter[str]()
    for word in words:
        for cut in range(2, len(word) - 1):
            affixes.update((word[:cut], f"##{word[cut:]}"))
    ranked = [
        piece
        for pieces in (words, affixes)
        for piece, _ in sorted(pieces.items(), key=lambda item: (-item[1], item[0]))
    ]
    pieces = [*characters, *(f"##{character}" for character in characters), *ranked]
    return list(dict.fromkeys(pieces))


def roberta_bpe(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE with RoBERTa's special tokens; the mask takes the space before."""
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = _byte_bpe(texts, specials)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>"))
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )
    return fast


def gpt2_bpe(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE with GPT-2's one special token."""
    end = "<|endoftext|>"
    tokenizer = _byte_bpe(texts, [end])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, pad_token=end
    )


def llama_bpe(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE that begins every text with Llama 3's begin-of-text token."""
    begin, end = "<|begin_of_text|>", "<|end_of_text|>"
    turns = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    pad = "<|finetune_right_pad_id|>"
    tokenizer = _byte_bpe(texts, [begin, end, pad, *turns])
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=f"{begin} $A",
                pair=f"{begin} $A {begin}:1 $B:1",
                special_tokens=[(begin, tokenizer.token_to_id(begin))],
            ),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=begin,
        eos_token=end,
        pad_token=pad,
        extra_special_tokens=turns,
    )


def _byte_bpe(texts: Iterable[str], specials: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return tokenizer
