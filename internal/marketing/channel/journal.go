package channel

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"huoshui/internal/platform/id"
)

// Journal is what a process remembers of messages on their way when it is killed: "b" and the message's id is written
// right before a destination may take the message, "t" and the id once it has. The writes go to the operating system
// at once, without a buffer of ours, so they outlive the process (not the machine: see Restore).
//
// The two files take turns; the older is emptied when the newer is full, long after its messages were recorded.
type Journal struct {
	dir    string
	worker string
	mu     sync.Mutex
	file   *os.File
	size   int
	turn   int
	most   int
}

const journalTurn = 8 << 20 // bytes before the files change places: some 100,000 messages

// OpenJournal opens or makes the journal in dir. Worker is the same at every start on this directory.
func OpenJournal(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("sending journal: %w", err)
	}
	j := &Journal{dir: dir, most: journalTurn}
	name := filepath.Join(dir, "worker")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		text = []byte(id.New("wrk"))
		err = os.WriteFile(name, text, 0o640)
	}
	if err != nil {
		return nil, fmt.Errorf("sending journal: %w", err)
	}
	j.worker = strings.TrimSpace(string(text))
	return j, nil
}

// Worker names this directory's sender in the store.
func (j *Journal) Worker() string { return j.worker }

func (j *Journal) path(turn int) string {
	return filepath.Join(j.dir, fmt.Sprintf("sending.%d", turn%2))
}

// Restore returns what the last process knew: the messages it had begun to hand over and not heard of, and those that
// were taken. A message in neither was never handed over.
func (j *Journal) Restore() (begun, taken map[string]bool, err error) {
	begun, taken = map[string]bool{}, map[string]bool{}
	for turn := range 2 {
		f, err := os.Open(j.path(turn))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("sending journal: %w", err)
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			switch kind, message, _ := strings.Cut(lines.Text(), " "); kind {
			case "b":
				begun[message] = true
			case "t":
				taken[message] = true
			}
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, nil, fmt.Errorf("sending journal: %w", err)
		}
	}
	for m := range taken {
		delete(begun, m)
	}
	return begun, taken, nil
}

// Begin empties the journal, once everything Restore returned is in the store.
func (j *Journal) Begin() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.close(); err != nil {
		return err
	}
	for turn := range 2 {
		if err := os.Remove(j.path(turn)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("sending journal: %w", err)
		}
	}
	return j.open()
}

func (j *Journal) open() error {
	f, err := os.OpenFile(j.path(j.turn), os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o640)
	if err != nil {
		return fmt.Errorf("sending journal: %w", err)
	}
	j.file, j.size = f, 0
	return nil
}

func (j *Journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// Begun records that a destination may take the message from now on.
func (j *Journal) Begun(message string) error { return j.line("b ", message) }

// Taken records that the destination has taken it.
func (j *Journal) Taken(message string) error { return j.line("t ", message) }

func (j *Journal) line(kind, message string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return errors.New("sending journal: not begun")
	}
	if j.size > j.most {
		j.turn++
		if err := errors.Join(j.close(), j.open()); err != nil {
			return err
		}
	}
	n, err := j.file.WriteString(kind + message + "\n")
	j.size += n
	if err != nil {
		return fmt.Errorf("sending journal: %w", err)
	}
	return nil
}

// Close closes the file; what it holds stays.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.close()
}
