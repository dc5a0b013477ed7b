// The command's processes: started in a group of their own, waited for, and ended with all that they started.
package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

func startProcess(o order, files []*os.File) (*os.Process, error) {
	if len(o.Command) == 0 {
		return nil, os.ErrInvalid
	}
	path, err := exec.LookPath(o.Command[0])
	if err != nil {
		return nil, err
	}
	return os.StartProcess(path, o.Command, &os.ProcAttr{
		Env:   append(os.Environ(), o.Env...),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
}

type running struct {
	pid int
	// Closed when the process was waited for.
	gone chan struct{}
}

// Process 1 is given whatever loses its parent: all of it is waited for here, and the command's own end is told.
func watch(process *os.Process, tell func(syscall.WaitStatus)) *running {
	r := &running{pid: process.Pid, gone: make(chan struct{})}
	go func() {
		defer close(r.gone)
		told := false
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, 0, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil {
				// Nothing of it is left.
				return
			}
			if pid == r.pid && !told {
				told = true
				tell(status)
			}
		}
	}()
	return r
}

// In a container all processes but us are the command's, whatever groups and sessions they made for themselves. Outside of
// one that would be the whole machine: there its group must do.
func (r *running) kill() {
	select {
	case <-r.gone:
		// Its number may be another's by now.
		return
	default:
	}
	if os.Getpid() == 1 {
		_ = syscall.Kill(-1, syscall.SIGKILL)
	} else {
		_ = syscall.Kill(-r.pid, syscall.SIGKILL)
	}
	<-r.gone
}

// Of this container: cgroup v2, or v1.
var oomFiles = []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}

func oomKills() *int {
	for _, file := range oomFiles {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			value := strings.TrimPrefix(line, "oom_kill ")
			if value == line {
				continue
			}
			if count, err := strconv.Atoi(value); err == nil {
				return &count
			}
		}
	}
	return nil
}

func since(before, after *int) *int {
	if before == nil || after == nil {
		return nil
	}
	count := *after - *before
	return &count
}
