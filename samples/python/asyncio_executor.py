# asyncio with executors and a child process.
#
# expect: nothing
import threading
import time
import asyncio
def work(x): time.sleep(0.001); return x+1
async def main():
    loop = asyncio.get_running_loop()
    r = await asyncio.gather(*[loop.run_in_executor(None, work, i) for i in range(20)])
    print(sum(r))
    print(await asyncio.to_thread(work, 5))
    lock = asyncio.Lock()
    async with lock: await asyncio.sleep(0)
    p = await asyncio.create_subprocess_exec("echo","hi",stdout=asyncio.subprocess.PIPE)
    print((await p.communicate())[0])
asyncio.run(main())
