"""Runs a command in a pseudo-terminal. Its output comes on stdout as it is; each line on stdin is JSON: {"type": text} is
typed, {"resize": columns} changes the window. Ends with the command's exit code, or 128 and the signal that ended it."""
import errno, fcntl, json, os, pty, select, signal, struct, sys, termios


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))


columns, command = int(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
resize(terminal, columns)
pending = b""
sources = [terminal, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready:
        try:
            output = os.read(terminal, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            output = b""
        if not output:
            break
        os.write(1, output)
    if 0 in ready:
        got = os.read(0, 65536)
        if not got:
            # Whoever drives it is gone.
            sources.remove(0)
            os.kill(child, signal.SIGKILL)
            continue
        pending += got
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            wish = json.loads(line)
            if "type" in wish:
                os.write(terminal, wish["type"].encode())
            if "resize" in wish:
                resize(terminal, wish["resize"])
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
