// One conversation with the worker, a line of JSON each: it says `run`, is told `open` when the FIFOs can be opened, says
// `go`, and is told `ended`. `kill` ends all that the command started; whatever comes next finds nothing of it. When the
// worker is gone, so is everything here.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type order struct {
	Do      string   `json:"do"`
	Command []string `json:"command"`
	// NAME=value, beside what the image has.
	Env []string `json:"env"`
}

type word struct {
	Is string `json:"is"`
	// One of both, where it ended.
	Code   *int `json:"code"`
	Signal *int `json:"signal"`
	// Why it could not be started.
	Why string `json:"why,omitempty"`
	// Processes that the kernel killed meanwhile for want of memory, where it says so.
	OomKills *int `json:"oomKills"`
}

// The worker's container may start after this one.
const connectEvery = 100 * time.Millisecond

func serve(folder string) error {
	// The worker is told of a termination too, and says what becomes of the command. A handler, for what is ignored would be
	// ignored by the command as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT)
	control, err := connect(filepath.Join(folder, "control"))
	if err != nil {
		return err
	}
	s := &slot{folder: folder, tell: json.NewEncoder(control)}
	defer s.kill()
	lines := bufio.NewScanner(control)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("the worker said %q: %w", lines.Text(), err)
		}
		if err := s.take(o); err != nil {
			return err
		}
	}
	// The worker has gone: its end is ours, and no failure.
	return nil
}

func connect(path string) (*os.File, error) {
	for {
		// Not `net`: it is half of the program's size.
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: path})
		if err == nil {
			return os.NewFile(uintptr(fd), path), nil
		}
		syscall.Close(fd)
		// Its name is there before it listens, and before others may write to it.
		if err != syscall.ENOENT && err != syscall.ECONNREFUSED && err != syscall.EACCES {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		time.Sleep(connectEvery)
	}
}

// One command after the other.
type slot struct {
	folder  string
	tell    *json.Encoder
	next    order
	held    *ends
	running *running
	feeder  *feeder
}

func (s *slot) take(o order) error {
	switch o.Do {
	case "run":
		s.kill()
		if s.feeder != nil {
			// The worker has closed its end before.
			<-s.feeder.done
		}
		held, err := holdEnds(s.folder)
		if err != nil {
			return err
		}
		s.next, s.held = o, held
		return s.tell.Encode(word{Is: "open"})
	case "go":
		if s.held == nil {
			return fmt.Errorf("the worker said go, and nothing to run before")
		}
		return s.start()
	case "kill":
		s.kill()
		return nil
	default:
		return fmt.Errorf("the worker said %q, which is unknown here", o.Do)
	}
}

func (s *slot) start() error {
	held := s.held
	s.held = nil
	defer held.close()
	before := oomKills()
	code := 127
	files, feeder, err := held.ofCommand(s.folder)
	if err != nil {
		return err
	}
	s.feeder = feeder
	process, err := startProcess(s.next, files)
	for _, file := range files {
		file.Close()
	}
	if err != nil {
		return s.tell.Encode(word{Is: "ended", Code: &code, Why: err.Error()})
	}
	s.running = watch(process, func(status syscall.WaitStatus) {
		ended := word{Is: "ended", OomKills: since(before, oomKills())}
		if status.Signaled() {
			number := int(status.Signal())
			ended.Signal = &number
		} else {
			code := status.ExitStatus()
			ended.Code = &code
		}
		// Where the worker does not hear it any more, its end of the line is closed, which we see too.
		_ = s.tell.Encode(ended)
	})
	return nil
}

// All of the last command, and its FIFOs with it.
func (s *slot) kill() {
	s.held.close()
	s.held = nil
	if s.running == nil {
		return
	}
	s.running.kill()
	s.running = nil
}
