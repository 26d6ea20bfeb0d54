# Two accounts of a class, each with its own RLock, locked in the order of the transfer.
#
# expect: lock-order-inversion functions=Account.transfer locks=Account threads=2 exit=66
import threading


class Account:
    def __init__(self, balance):
        self.balance = balance
        self._lock = threading.RLock()

    def take(self, amount):
        with self._lock:
            self.balance -= amount

    def transfer(self, other, amount):
        with self._lock:
            self.take(amount)
            with other._lock:
                other.balance += amount


def main():
    one, two = Account(10), Account(10)
    gone = []
    first = threading.Thread(target=lambda: (one.transfer(two, 3), gone.append(True)))
    second = threading.Thread(target=lambda: (wait_for(gone), two.transfer(one, 5)))
    for thread in (first, second):
        thread.start()
    for thread in (first, second):
        thread.join()
    print(one.balance, two.balance)


def wait_for(flag):
    while not flag:
        pass


main()
