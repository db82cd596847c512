"""Every optimiser with every option, and every schedule: one table for all tests.

Names are PyTorch's too, but for those in TORCH_NAMES.
"""

from __future__ import annotations

OPTIMIZERS = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.005, "momentum": 0.9}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Momentum", {"lr": 0.005, "momentum": 0.8, "weight_decay": 0.1}),
    ("Nesterov", {"lr": 0.005, "momentum": 0.8, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.05}),
    ("Adagrad", {"lr": 0.05, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.05, "initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "weight_decay": 0.1, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "centered": True}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.5, "betas": (0.8, 0.95)}),
    ("AdamW", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.0}),
]

TORCH_NAMES = {"Momentum": ("SGD", {}), "Nesterov": ("SGD", {"nesterov": True})}

SCHEDULES = [
    ("StepLR", {"step_size": 4}),
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("CosineAnnealingLR", {"T_max": 20}),
    ("CosineAnnealingLR", {"T_max": 12, "eta_min": 0.01}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.01, "end_factor": 0.5, "total_iters": 10}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 31}),
    ("OneCycleLR", {"max_lr": 1.0, "epochs": 4, "steps_per_epoch": 9, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 31, "three_phase": True, "pct_start": 0.4}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 31, "pct_start": 0.0, "cycle_momentum": False}),
    (
        "OneCycleLR",
        {"max_lr": 1.0, "total_steps": 31, "base_momentum": 0.5, "max_momentum": 0.6, "div_factor": 5.0},
    ),
]


def words(case) -> str:
    name, options = case
    return " ".join([name, *(f"{key}={value}" for key, value in options.items())])
