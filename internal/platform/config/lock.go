package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock is the claim of one process on a data directory; the system releases it when the process dies.
type Lock struct{ file *os.File }

// ErrInUse says that another process works in the data directory.
var ErrInUse = errors.New("data directory is in use")

// Acquire creates the data directory when it is missing and claims it. The embedded engines belong to one process:
// a second one gets ErrInUse, with the number of the process that holds the claim.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	path := filepath.Join(dir, "huoshui.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(path)
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: process %s is running on %s; stop it, or choose another directory with --data",
				ErrInUse, strings.TrimSpace(string(holder)), dir)
		}
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := file.Truncate(0); err == nil {
		_, err = file.WriteAt([]byte(fmt.Sprintln(os.Getpid())), 0)
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("lock data directory: %w", err)
		}
	}
	return &Lock{file}, nil
}

// Release gives the claim up.
func (l *Lock) Release() error { return l.file.Close() }
