// A client of the Backup service with the code that protoc-gen-go makes of the contracts.
//
//	client PRODUCT
//
// Environment:
//
//	SITEKEEP_BACKUP_ADDRESS  host:port of the Backup service
//	SITEKEEP_API_KEY         the key of an admin of the organization
//	SITEKEEP_ORGANIZATION    the id of the organization
//
// Gives the product a policy, runs a backup while watching it, and is refused a second one.
// Writes a line for each phase, then one line of JSON with everything that it was told.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/longrunning"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	backuppb "sitekeep.dev/gen/go/sitekeep/backup/v1"
	operationpb "sitekeep.dev/gen/go/sitekeep/operation/v1"
)

const deadline = time.Minute

// Refusal is what a call was answered instead of a result.
type Refusal struct {
	Code         string            `json:"code"`
	Reason       string            `json:"reason"`
	Domain       string            `json:"domain"`
	Metadata     map[string]string `json:"metadata"`
	RetrySeconds int64             `json:"retrySeconds"`
}

// Report is everything that the client was told.
type Report struct {
	Policy     string   `json:"policy"`
	Operation  string   `json:"operation"`
	Phases     []string `json:"phases"`
	Backup     string   `json:"backup"`
	State      string   `json:"state"`
	Refusal    *Refusal `json:"refusal"`
	WithoutKey *Refusal `json:"withoutKey"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: client PRODUCT, with the environment that the source names")
	}
	report, err := run(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		log.Fatal(err)
	}
}

func run(product string) (*Report, error) {
	connection, err := grpc.Dial(os.Getenv("SITEKEEP_BACKUP_ADDRESS"), grpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	anonymous, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	key := "Bearer " + os.Getenv("SITEKEEP_API_KEY")
	ctx := metadata.AppendToOutgoingContext(anonymous, "authorization", key)

	parent := "organizations/" + os.Getenv("SITEKEEP_ORGANIZATION")
	policy, err := createPolicy(ctx, connection, parent, product)
	if err != nil {
		return nil, err
	}
	backups := backuppb.NewBackupServiceClient(connection)
	request := &backuppb.CreateBackupRequest{
		Parent: parent,
		Backup: &backuppb.Backup{BackupPolicy: policy.Name},
	}
	operation, err := backups.CreateBackup(ctx, request)
	if err != nil {
		return nil, err
	}
	done, phases, err := watch(ctx, connection, operation.Name)
	if err != nil {
		return nil, err
	}
	backup, err := readBackup(ctx, backups, done)
	if err != nil {
		return nil, err
	}
	_, tooSoon := backups.CreateBackup(ctx, request)
	_, withoutKey := backups.GetBackup(anonymous, &backuppb.GetBackupRequest{Name: backup.Name})
	return &Report{
		Policy:     policy.Name,
		Operation:  operation.Name,
		Phases:     phases,
		Backup:     backup.Name,
		State:      backup.State.String(),
		Refusal:    describe(tooSoon),
		WithoutKey: describe(withoutKey),
	}, nil
}

func createPolicy(
	ctx context.Context, connection *grpc.ClientConn, parent, product string,
) (*backuppb.BackupPolicy, error) {
	policies := backuppb.NewBackupPolicyServiceClient(connection)
	return policies.CreateBackupPolicy(ctx, &backuppb.CreateBackupPolicyRequest{
		Parent:         parent,
		BackupPolicyId: product,
		BackupPolicy:   &backuppb.BackupPolicy{Product: parent + "/products/" + product},
	})
}

// watch follows an operation to its end; it returns the operation as it ended, and the phases
// that it went through.
func watch(
	ctx context.Context, connection *grpc.ClientConn, name string,
) (*longrunning.Operation, []string, error) {
	events := operationpb.NewOperationEventServiceClient(connection)
	stream, err := events.WatchOperation(ctx, &operationpb.WatchOperationRequest{Name: name})
	if err != nil {
		return nil, nil, err
	}
	var last *longrunning.Operation
	var phases []string
	for {
		operation, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return last, phases, nil
		}
		if err != nil {
			return nil, nil, err
		}
		var progress backuppb.CreateBackupMetadata
		if err := operation.Metadata.UnmarshalTo(&progress); err != nil {
			return nil, nil, err
		}
		phase := progress.Phase.String()
		if len(phases) == 0 || phases[len(phases)-1] != phase {
			fmt.Println(phase)
			phases = append(phases, phase)
		}
		last = operation
	}
}

// readBackup reads the backup that an operation has made.
func readBackup(
	ctx context.Context, backups backuppb.BackupServiceClient, done *longrunning.Operation,
) (*backuppb.Backup, error) {
	if failure := done.GetError(); failure != nil {
		return nil, status.ErrorProto(failure)
	}
	var made backuppb.Backup
	if err := done.GetResponse().UnmarshalTo(&made); err != nil {
		return nil, err
	}
	return backups.GetBackup(ctx, &backuppb.GetBackupRequest{Name: made.Name})
}

// describe reads the code of an error and what its details say.
func describe(err error) *Refusal {
	answer := status.Convert(err)
	described := &Refusal{Code: code.Code(answer.Code()).String()}
	for _, detail := range answer.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			described.Reason = detail.Reason
			described.Domain = detail.Domain
			described.Metadata = detail.Metadata
		case *errdetails.RetryInfo:
			described.RetrySeconds = detail.RetryDelay.Seconds
		}
	}
	return described
}
