$RUN /usr/bin/python3 "$HERE/threads.py"
