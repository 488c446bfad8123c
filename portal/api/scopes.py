"""What a token may do. Endpoints name one scope each."""

from enum import StrEnum


class Scope(StrEnum):
    """One right of a token."""

    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    CONTRACTS_READ = "contracts:read"
    CONTRACTS_WRITE = "contracts:write"
    GENERATE = "generate"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    RECEIVABLES_READ = "receivables:read"
    RECEIVABLES_WRITE = "receivables:write"


NAMES: dict[Scope, str] = {
    Scope.CLIENTS_READ: "Ler clientes (nome, CPF/CNPJ, e-mails, endereço)",
    Scope.CLIENTS_WRITE: "Cadastrar e alterar clientes",
    Scope.CONTRACTS_READ: "Ler contratos e por que um boleto é (ou não é) enviado",
    Scope.CONTRACTS_WRITE: "Cadastrar e alterar contratos",
    Scope.GENERATE: "Simular e gerar financeiro",
    Scope.RECEIVABLES_READ: "Ler títulos e baixar boletos em PDF",
    Scope.RECEIVABLES_WRITE: "Baixar como pago e cancelar títulos",
    Scope.DELIVERIES_READ: "Ler o log de e-mail",
    Scope.DELIVERIES_WRITE: "Reenviar e cancelar e-mails",
}
