// The ends of the three FIFOs. Whoever opens one is kept waiting until its other end is open, unless both ends are held for
// a moment: so neither side waits for the other, and no end is seen as closed before both were there.
package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// Of /proc/sys/fs/pipe-max-size; what the kernel refuses stays as it is, which is 64 KiB.
const (
	setPipeSize = 1031
	pipeBytes   = 1 << 20
)

// Held from `run` to `go`, while the worker opens its ends.
type ends struct {
	in, out, err *os.File
}

func holdEnds(folder string) (*ends, error) {
	in, err := openFifo(folder, "in", os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	out, err := openFifo(folder, "out", os.O_RDWR)
	if err != nil {
		in.Close()
		return nil, err
	}
	complaints, err := openFifo(folder, "err", os.O_RDWR)
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	enlarge(in)
	enlarge(out)
	return &ends{in, out, complaints}, nil
}

// What the command gets, and blocking, as programs expect it. Its input is a pipe: a FIFO that is opened again by a path, as
// /dev/stdin is, would wait for another writer.
func (e *ends) ofCommand(folder string) ([]*os.File, *feeder, error) {
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	files := []*os.File{in}
	for _, name := range []string{"out", "err"} {
		file, err := openFifo(folder, name, os.O_WRONLY)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
	}
	for _, file := range append(files, e.in, feed) {
		if err := syscall.SetNonblock(int(file.Fd()), false); err != nil {
			return nil, nil, err
		}
	}
	enlarge(feed)
	f := &feeder{done: make(chan struct{})}
	go f.feed(e.in, feed)
	e.in = nil
	return files, f, nil
}

// Moves what the worker writes on to the command's input, without a copy, until one of them is done.
type feeder struct {
	// Closed when neither end is held any more.
	done chan struct{}
}

func (f *feeder) feed(from, to *os.File) {
	defer close(f.done)
	defer from.Close()
	defer to.Close()
	for {
		n, err := syscall.Splice(int(from.Fd()), nil, int(to.Fd()), nil, pipeBytes, 0)
		if err != syscall.EINTR && (err != nil || n == 0) {
			return
		}
	}
}

func (e *ends) close() {
	if e == nil {
		return
	}
	if e.in != nil {
		e.in.Close()
	}
	e.out.Close()
	e.err.Close()
}

// Never waits: a writer without a reader is refused.
func openFifo(folder, name string, how int) (*os.File, error) {
	return os.OpenFile(filepath.Join(folder, name), how|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
}

func enlarge(file *os.File) {
	connection, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = connection.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, pipeBytes)
	})
}
