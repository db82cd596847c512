// Pooling of images and its gradients, channels last.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {

Kernels pooling_kernels();

template <typename T>
void max_pool(const Call& call) noexcept;
template <typename T>
void max_pool_argmax(const Call& call) noexcept;
template <typename T>
void max_pool_gradient(const Call& call) noexcept;
template <typename T>
void sum_pool(const Call& call) noexcept;
template <typename T>
void sum_unpool(const Call& call) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
#endif
