"""What a thread waits for, told by the names of its functions."""

from __future__ import annotations

import pandas as pd
import pytest

from prodforensics.core.wait_names import hints, kind_of


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("___pthread_mutex_lock", "mutex"),
        ("__GI___pthread_mutex_lock", "mutex"),
        ("__pthread_mutex_lock_full", "mutex"),
        ("pthread_mutex_lock@@GLIBC_2.2.5", "mutex"),
        ("___pthread_cond_wait", "condition"),
        ("pthread_cond_timedwait@@GLIBC_2.3.2", "condition"),
        ("__pthread_cond_wait_common", "condition"),
        ("___pthread_rwlock_rdlock", "rwlock"),
        ("__pthread_rwlock_wrlock_full64", "rwlock"),
        ("__pthread_clockjoin_ex", "join"),
        ("__new_sem_wait_slow64.constprop.0", "semaphore"),
        ("sem_wait", "semaphore"),
        ("__lll_lock_wait_private", "lock"),
        ("std::sys::sync::mutex::futex::Mutex::lock_contended", "mutex/rust"),
        ("std::sys::sync::rwlock::futex::RwLock::write_contended", "rwlock/rust"),
        ("std::sys::sync::condvar::futex::Condvar::wait_optional_timeout", "condition/rust"),
        ("std::thread::park", "park"),
        ("take_gil", "gil"),
        ("ObjectMonitor::enter(JavaThread*)", "monitor"),
        ("runtime.futexsleep", "idle"),
        ("pthread_mutex_unlock", ""),
        ("pthread_cond_signal", ""),
        ("futex_wait", ""),
        ("my_pthread_mutex_lock_wrapper", ""),
        ("", ""),
    ],
)
def test_a_function_tells_what_it_waits_for(function, kind):
    assert kind_of(function) == kind


def stack(thread, *functions):
    return pd.DataFrame(
        {"thread_id": thread, "frame_index": range(len(functions)), "function": functions}
    )


def test_the_innermost_function_that_tells_decides():
    # The condition was signalled, and its mutex is waited for on the way back.
    frames = stack(1, "futex_wait", "__pthread_mutex_cond_lock", "pthread_cond_wait", "work")
    assert hints(frames) == {1: (1, "mutex")}


def test_the_lock_inside_of_libc_gives_way_to_the_mutex_that_it_is_part_of():
    frames = stack(4, "__lll_lock_wait", "___pthread_mutex_lock", "main")
    assert hints(frames) == {4: (1, "mutex")}


def test_what_a_runtime_waits_for_goes_before_what_it_waits_with():
    frames = stack(2, "futex_wait", "pthread_cond_timedwait", "take_gil", "PyEval_RestoreThread")
    assert hints(frames) == {2: (2, "gil")}


def test_threads_that_wait_for_nothing_and_calls_far_out_are_left_out():
    deep = stack(3, *["work"] * 20, "pthread_mutex_lock")
    assert hints(pd.concat([stack(1, "main"), deep])) == {}
