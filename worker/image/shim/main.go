// The shim is what runs in the container of a data job's command, as its process 1: it starts the command when the worker,
// in the container beside it, says so, tells how it ended, and leaves nothing of it behind. It holds no credential and no
// byte of data: those go through FIFOs between the worker and the command themselves.
//
//	shim install FOLDER   in an init container of ours: puts itself and the FIFOs there
//	shim serve FOLDER     in the command's container, which may only read that folder
//
// Of the standard library alone, and static: it runs in any Linux image. docs/adr/0030 says why it is as it is.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Data: what the command reads, writes and complains of.
var fifos = []string{"in", "out", "err"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("say install or serve, and a folder")
	}
	switch args[0] {
	case "install":
		return install(args[1])
	case "serve":
		return serve(args[1])
	default:
		return fmt.Errorf("%q: say install or serve", args[0])
	}
}

// What is there already was put there by an install that was cut short.
func install(folder string) error {
	syscall.Umask(0)
	for _, name := range fifos {
		// The command has another number than we; whoever sees this folder is of this pod.
		if err := syscall.Mkfifo(filepath.Join(folder, name), 0o666); err != nil && err != syscall.EEXIST {
			return fmt.Errorf("FIFO %s: %w", name, err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return copyFile(self, filepath.Join(folder, "shim"))
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
