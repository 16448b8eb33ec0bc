from simulators.outbox import CROWDED, Message, Outbox


def event(number: int, trigger: str = "MeterValuePeriodic") -> Message:
    return Message("TransactionEvent", {"seqNo": number, "triggerReason": trigger})


def drained(outbox: Outbox) -> list[int]:
    numbers = []
    while message := outbox.take(booted=True):
        numbers.append(message.payload["seqNo"])
    return numbers


def test_messages_leave_in_order() -> None:
    outbox = Outbox()
    for number in range(3):
        outbox.put(event(number))

    assert drained(outbox) == [0, 1, 2]


def test_before_the_boot_only_the_boot_leaves() -> None:
    outbox = Outbox()
    outbox.put(event(0))
    outbox.put(Message("BootNotification", {}, before_boot=True))

    first = outbox.take(booted=False)

    assert first is not None
    assert first.action == "BootNotification"
    assert outbox.take(booted=False) is None


def test_a_lost_connection_leaves_transaction_events_waiting() -> None:
    outbox = Outbox()
    outbox.put(Message("Heartbeat", {}))
    outbox.put(event(0))

    outbox.disconnect()

    assert drained(outbox) == [0]


def test_a_duplicating_station_says_each_event_twice() -> None:
    outbox = Outbox(duplicates=True)
    outbox.put(event(0))
    outbox.put(event(1))

    assert drained(outbox) == [0, 0, 1, 1]


def test_a_reordering_station_swaps_neighbors() -> None:
    outbox = Outbox(reorders=True)
    for number in range(4):
        outbox.put(event(number))

    numbers = drained(outbox)

    assert sorted(numbers) == [0, 1, 2, 3]
    assert numbers != [0, 1, 2, 3]


def test_a_crowded_queue_drops_every_other_sample_and_nothing_else() -> None:
    outbox = Outbox()
    outbox.put(event(-1, "CablePluggedIn"))
    for number in range(CROWDED):
        outbox.put(event(number))

    numbers = drained(outbox)

    assert numbers[0] == -1
    assert len(numbers) == 1 + CROWDED // 2
    assert numbers[-1] == CROWDED - 1


def test_it_counts_the_reports_that_wait() -> None:
    outbox = Outbox()
    outbox.put(Message("Heartbeat", {}))
    outbox.put(event(0))

    assert (len(outbox), outbox.reports) == (2, 1)


def test_what_was_asked_for_leaves_before_the_boot() -> None:
    outbox = Outbox()
    outbox.release()
    outbox.put(Message("Heartbeat", {}))
    outbox.put(Message("StatusNotification", {}))

    outbox.release()

    first = outbox.take(booted=False)
    assert first is not None
    assert first.action == "StatusNotification"
    assert outbox.take(booted=False) is None
