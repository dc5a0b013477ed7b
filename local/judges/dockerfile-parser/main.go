// Package main reads a Dockerfile on standard input as BuildKit does, and prints its instructions as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

type instruction struct {
	Name  string   `json:"name"`
	Flags []string `json:"flags"`
	Words []string `json:"words"`
	// Exec is whether the words are those of an exec form, each as it stands.
	Exec bool `json:"exec"`
}

type dockerfile struct {
	Instructions []instruction `json:"instructions"`
	Heredocs     int           `json:"heredocs"`
	Stages       int           `json:"stages"`
}

func read() (dockerfile, error) {
	parsed, err := parser.Parse(os.Stdin)
	if err != nil {
		return dockerfile{}, err
	}
	result := dockerfile{Instructions: []instruction{}}
	for _, node := range parsed.AST.Children {
		words := []string{}
		for word := node.Next; word != nil; word = word.Next {
			words = append(words, word.Value)
		}
		flags := append([]string{}, node.Flags...)
		result.Heredocs += len(node.Heredocs)
		result.Instructions = append(result.Instructions, instruction{node.Value, flags, words, node.Attributes["json"]})
	}
	// The parser takes any flag and any number of words; this is what refuses them.
	stages, _, err := instructions.Parse(parsed.AST, nil)
	result.Stages = len(stages)
	return result, err
}

func main() {
	result, err := read()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
