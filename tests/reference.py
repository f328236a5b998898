"""GRADIEND written down a second time: flat vectors, autograd, one row at a time.

Shares no code with the package; slow and plain on purpose. Covers what the paper's
formulas say for rows with one single-token slot.
"""

import torch


def flat_gradient(model, parameters, ids, position, token):
    """∇ of the cross-entropy of ``token`` at ``position`` of one unpadded row, [n]."""
    for parameter in parameters:
        parameter.requires_grad_(True)
    logits = model(input_ids=torch.tensor([ids])).logits[0, position]
    loss = logits.logsumexp(0) - logits[token]
    grads = torch.autograd.grad(loss, parameters)
    for parameter in parameters:
        parameter.requires_grad_(False)
    return torch.cat([grad.reshape(-1) for grad in grads])


def row_gradients(model, parameters, row):
    """(∇⁺W, ∇⁻W) of a row (ids, position, factual token, counterfactual token)."""
    ids, position, factual, counterfactual = row
    return tuple(
        flat_gradient(model, parameters, ids, position, token)
        for token in (factual, counterfactual)
    )


class Reference:
    """W_e, b_e, W_d, b_d, trained with torch's plain AdamW.

    b_d is a flat vector [n]. So are W_e and W_d of one neuron, with b_e a scalar; of k
    neurons they are [k, n], with b_e [k].
    """

    def __init__(self, encoder, encoder_bias, weight, bias, lr):
        self.encoder, self.encoder_bias, self.weight, self.bias = (
            tensor.detach().clone().requires_grad_(True)
            for tensor in (encoder, encoder_bias, weight, bias)
        )
        everything = [self.encoder, self.encoder_bias, self.weight, self.bias]
        self.optimizer = torch.optim.AdamW(
            everything, lr=lr, eps=1e-8, weight_decay=1e-2, foreach=False, fused=False
        )

    def encode(self, gradient):
        return torch.tanh(self.encoder @ gradient + self.encoder_bias)

    def step(self, model, parameters, rows):
        """One step on the mean gradients of ``rows`` (all of one class)."""
        pairs = [row_gradients(model, parameters, row) for row in rows]
        factual = torch.stack([pair[0] for pair in pairs]).mean(0)
        counterfactual = torch.stack([pair[1] for pair in pairs]).mean(0)
        decoded = (
            torch.tensordot(
                self.encode(factual).reshape(-1),
                self.weight.reshape(-1, len(factual)),
                1,
            )
            + self.bias
        )
        loss = ((decoded - (factual - counterfactual)) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())
